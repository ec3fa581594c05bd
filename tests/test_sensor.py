"""Tests of the sensors as users see them."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
import pytest
from syrupy.assertion import SnapshotAssertion

from .simulator import Simulator
from .support.platform_snapshot import assert_platform, newest_only


@newest_only
@pytest.mark.usefixtures("all_enabled", "no_pace")
async def test_snapshot(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """Test names, units, classes and values of all sensors of both kinds of meters."""
    await assert_platform(hass, freezer, simulator, snapshot, Platform.SENSOR)
