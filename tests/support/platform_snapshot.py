"""Comparing the entities of a platform with what is recorded of them."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from ..simulator import Simulator
from .accounts import set_up

# What a registry entry consists of differs from version to version.
newest_only = pytest.mark.skipif(
    (MAJOR_VERSION, MINOR_VERSION) < (2026, 11), reason="recorded with a newer Home Assistant"
)


async def assert_platform(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """Set up one platform of an account with one meter of each kind, and compare."""
    freezer.move_to("2030-01-01T02:00:00+00:00")
    for code, reading, balance in (
        ("2022040001", "1234.50", "88.80"),
        ("2022040002", "67.89", "-12.30"),
    ):
        meter = simulator.meters[code]
        meter.table_no = f"20{code}"
        meter.set_reading(reading)
        meter.set_balance(balance)
    entry = MockConfigEntry(
        domain="jrhsz",
        title="demo",
        unique_id="imrapi.jrhsz.com/demo",
        data={
            "url": simulator.url,
            "username": "demo",
            "password": "demo-password",
            "verify_ssl": True,
        },
        options={
            "history_days": 0,
            "meters": [
                {"user_code": "2022040001", "building": "一栋电", "room": "101"},
                {"user_code": "2022040002", "building": "一栋水", "room": "101"},
            ],
        },
    )
    with patch("custom_components.jrhsz.PLATFORMS", [platform]):
        await set_up(hass, entry)
        await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)
