"""Tests of taking over the journal's file as it was before."""

import json
import os
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.recharge.journal_lines import hash_of
from custom_components.jrhsz.recharge.journal_v1 import read
from custom_components.jrhsz.recharge.order import Status

from ..simulator import Simulator
from ..support.accounts import set_up
from ..support.recharges import (
    an_order,
    credited,
    orders_of,
    recharge,
    restart_process,
    written_before,
)


def file_of(hass: HomeAssistant, name: str = "jrhsz.orders") -> Path:
    """Return a file in the storage folder."""
    return Path(hass.config.path(".storage", name))


def alarms(hass: HomeAssistant) -> list[str]:
    """Return the issues about the journal."""
    return [issue for _, issue in ir.async_get(hass).issues if issue.startswith("journal_")]


async def test_taken_over(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that orders and numbers are taken over once, without an alarm."""
    orders = [
        an_order("Mine1", status=Status.CONFIRMED, account_id=str(config_entry.unique_id)),
        an_order("Mine2", user_code="other"),
    ]
    hashes = [hash_of(number) for number in ("Mine1", "Mine2", "Forgotten1")]
    file_of(hass).write_bytes(written_before(orders, hashes))
    await set_up(hass, config_entry)
    for _ in range(2):
        assert list(orders_of(hass).values()) == orders
        assert alarms(hass) == []
        for number in ("Mine2", "Forgotten1"):
            with pytest.raises(ServiceValidationError) as error:
                await recharge(hass, config_entry, order_number=number)
            assert error.value.translation_key == "order_number_used"
        await restart_process(hass, config_entry)
    assert credited(simulator) == 0
    # What an older version takes for the file of a later one, which it neither uses nor moves.
    assert json.loads(file_of(hass).read_bytes())["version"] == 2
    assert file_of(hass).stat().st_mode & 0o777 == 0o600


async def test_older_version_in_between(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that what an older version wrote after somebody deleted the file isn't lost."""
    await set_up(hass, config_entry)
    number = (await recharge(hass, config_entry))["order_number"]
    file_of(hass).write_bytes(written_before([an_order("Between1")]))
    await restart_process(hass, config_entry)
    assert set(orders_of(hass)) == {number, "Between1"}
    assert orders_of(hass)[number].status == "confirmed"
    assert alarms(hass) == []


async def test_journal_gone(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the file that stays behind tells that there was a journal."""
    await set_up(hass, config_entry)
    file_of(hass, "jrhsz.journal").unlink()
    witness = hass.config.cache_path("jrhsz", "witness")
    await hass.async_add_executor_job(os.unlink, witness)
    await restart_process(hass, config_entry)
    assert alarms(hass) == ["journal_restored"]


async def test_damaged(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a damaged file is set aside, and refuses recharges until a person confirms."""
    file_of(hass).write_bytes(written_before([an_order("Mine1")])[:-1])
    await set_up(hass, config_entry)
    assert alarms(hass) == ["journal_damaged"]
    (aside,) = file_of(hass).parent.glob("jrhsz.orders.damaged.*")
    assert not file_of(hass).exists()
    await restart_process(hass, config_entry)
    assert alarms(hass) == ["journal_damaged"]
    assert aside.exists()


def test_nothing(tmp_path: Path) -> None:
    """Test that no file is no journal."""
    assert read(tmp_path / "jrhsz.orders") is None
