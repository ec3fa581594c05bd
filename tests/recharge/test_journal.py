"""Tests of the journal of orders."""

from collections.abc import Callable
from datetime import timedelta
import errno
import json
import os
from pathlib import Path
from typing import Any

import atomicwrites  # type: ignore[import-untyped]  # it has neither stubs nor types
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api.transport import post
from custom_components.jrhsz.recharge import journal as journal_module
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import set_up
from ..support.recharges import (
    METER,
    OTHER,
    answer,
    credited,
    fix,
    orders_of,
    recharge,
    restart_process,
)


def journal_of(hass: HomeAssistant) -> Journal:
    """Return the journal."""
    return hass.data[DATA_ORDERS].journal


async def get_recharges(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Call the action and return its response."""
    return await hass.services.async_call(
        "jrhsz",
        "get_recharges",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )


def put(hass: HomeAssistant, content: bytes) -> None:
    """Write the journal's file before Home Assistant reads it."""
    Path(hass.config.path(".storage", journal_module.FILE_NAME)).write_bytes(content)


class RecordingFiles:
    """Records what reaches the disk, and what leaves for the platform, in the order of time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Stand between the journal and the operating system."""
        self.steps: list[str] = []
        self.fail_at: str | None = None
        self._folder = str(folder)
        fsync, rename, sync = os.fsync, os.rename, atomicwrites.AtomicWriter.sync

        def recording_fsync(descriptor: int) -> None:
            """Record which file is made durable."""
            name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if name == self._folder:
                self._step("fsync of the folder")
            elif name.startswith(self._folder):
                self._step("fsync")
            fsync(descriptor)

        def recording_rename(source: str, target: str) -> None:
            """Record a new name."""
            if str(target).endswith(journal_module.FILE_NAME):
                self._step("rename")
            rename(source, target)

        def recording_sync(writer: atomicwrites.AtomicWriter, file: Any) -> None:
            """Record that all was written, which precedes the first fsync."""
            if writer._path.endswith(journal_module.FILE_NAME):
                file.flush()
                content = Path(file.name).read_text(encoding="utf-8")
                self._step(f"write of {', '.join(statuses(content))}")
            sync(writer, file)

        monkeypatch.setattr(atomicwrites, "_proper_fsync", recording_fsync)
        monkeypatch.setattr(os, "rename", recording_rename)
        monkeypatch.setattr(atomicwrites.AtomicWriter, "sync", recording_sync)

    def _step(self, name: str) -> None:
        """Record a step, and fail if it is the one to fail at."""
        self.steps.append(name)
        if self.fail_at is not None and name.startswith(self.fail_at):
            raise OSError(errno.ENOSPC, "No space left on device")


def statuses(content: str) -> list[str]:
    """Return the statuses of the orders in a file."""
    return [order["status"] for order in json.loads(content)["orders"]]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, hass: HomeAssistant) -> RecordingFiles:
    """Record what happens to the journal's file."""
    return RecordingFiles(monkeypatch, Path(hass.config.path(".storage")))


async def test_on_disk_before_it_is_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that file and folder are durable before the first byte of a recharge leaves."""
    await set_up(hass, config_entry)

    async def recording_post(http: Any, url: str, *args: Any) -> Any:
        """Record that a recharge is about to leave: not even a connection is made yet."""
        if url.endswith("/Prestore"):
            files.steps.append("send")
        return await post(http, url, *args)

    monkeypatch.setattr("custom_components.jrhsz.api.session.post", recording_post)
    await recharge(hass, config_entry)
    durable = ["fsync", "rename", "fsync of the folder"]
    assert files.steps[:9] == [
        "write of unknown",
        *durable,
        "send",
        "write of confirmed",
        *durable,
    ]
    assert files.steps.count("send") == 1


@pytest.mark.parametrize("step", ["write of unknown", "fsync", "rename", "fsync of the folder"])
async def test_disk_full(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
    step: str,
) -> None:
    """Test that a recharge that can't be journalled is refused, and may be tried again."""
    await set_up(hass, config_entry)
    files.fail_at = step
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry, order_number="Mine1")
    assert error.value.translation_key == "journal_not_written"
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}
    files.fail_at = None
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert credited(simulator) == 20


async def test_folder_gone(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a folder that can't be written to refuses recharges."""
    await set_up(hass, config_entry)
    os.rename(hass.config.path(".storage"), hass.config.path("elsewhere"))  # noqa: PTH104
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry)
    assert error.value.translation_key == "journal_not_written"
    assert simulator.calls_of("Prestore") == []


async def test_outcome_that_cannot_be_written(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
) -> None:
    """Test that an outcome is told all the same, and looked up after a restart."""
    await set_up(hass, config_entry)
    files.fail_at = "write of confirmed"
    response = await recharge(hass, config_entry)
    assert response["status"] == "confirmed"
    content = journal_of(hass).path.read_text(encoding="utf-8")
    assert statuses(content) == ["unknown"]
    files.fail_at = None
    await restart_process(hass, config_entry)
    (order,) = orders_of(hass).values()
    assert (order.status, order.source) == ("confirmed", "payments")
    assert statuses(journal_of(hass).path.read_text(encoding="utf-8")) == ["confirmed"]


async def test_next_write_makes_up(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
) -> None:
    """Test that an outcome that could not be written is in the next write."""
    await set_up(hass, config_entry)
    files.fail_at = "write of confirmed"
    await recharge(hass, config_entry)
    files.fail_at = None
    await recharge(hass, config_entry, OTHER)
    content = journal_of(hass).path.read_text(encoding="utf-8")
    assert statuses(content) == ["confirmed", "confirmed"]


def changed(content: bytes) -> bytes:
    """Return valid JSON in which one digit of an amount is another."""
    assert b'"20' in content
    return content.replace(b'"20', b'"10', 1)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "the last byte is missing": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "another digit": changed,
    "a list": lambda _: b"[]",
    "another version": lambda _: b'{"version": 0, "orders": [], "hashes": []}',
    "a text for a version": lambda _: b'{"version": "1"}',
    "deep": lambda _: b"[" * 200_000,
    "no field": lambda content: content.replace(b'"status"', b'"state"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_damaged_file(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    damage: Callable[[bytes], bytes],
) -> None:
    """Test that a damaged journal is set aside, and refuses recharges until confirmed."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Mine1")
    path = journal_of(hass).path
    path.write_bytes(content := damage(path.read_bytes()))

    # The second start finds no journal, and must not take that for a new beginning.
    for restarts in range(2):
        await restart_process(hass, config_entry)
        with pytest.raises(HomeAssistantError) as error:
            await recharge(hass, config_entry)
        assert error.value.translation_key == "journal_damaged"
        (aside,) = path.parent.glob("jrhsz.orders.damaged.*")
        assert aside.read_bytes() == content
        assert aside.name in str(error.value)
        issue = ir.async_get(hass).async_get_issue("jrhsz", "journal_damaged")
        assert issue is not None
        assert issue.is_fixable
        assert issue.translation_placeholders == {"file": str(aside)}
        if restarts == 0:
            ir.async_delete_issue(hass, "jrhsz", "journal_damaged")
    assert len(simulator.calls_of("Prestore")) == 1

    step = await fix(hass, "journal_damaged")
    assert step["step_id"] == "confirm"
    assert (await answer(hass, step))["type"] == "create_entry"
    # The payments of today still know the number.
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == 1
    assert (await recharge(hass, config_entry))["status"] == "confirmed"
    assert aside.exists()
    await restart_process(hass, config_entry)
    assert len(orders_of(hass)) == 2
    assert ir.async_get(hass).async_get_issue("jrhsz", "journal_damaged") is None


async def test_loss_that_cannot_be_confirmed(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
) -> None:
    """Test that recharges stay refused if the new journal can't be written."""
    put(hass, b"{")
    await set_up(hass, config_entry)
    with pytest.raises(HomeAssistantError) as error:
        await get_recharges(hass, config_entry)
    assert error.value.translation_key == "journal_damaged"
    files.fail_at = "rename"
    result = await answer(hass, await fix(hass, "journal_damaged"))
    assert (result["type"], result["reason"]) == ("abort", "journal_not_written")
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry)
    assert error.value.translation_key == "journal_damaged"


async def test_unreadable_file(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a file that can't be read for now is left alone, and read again later."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Mine1")
    with monkeypatch.context() as patch:

        def unreadable(_: Path) -> bytes:
            """Fail as a broken disk does."""
            raise PermissionError(errno.EACCES, "Permission denied")

        patch.setattr(Path, "read_bytes", unreadable)
        await restart_process(hass, config_entry)
        with pytest.raises(HomeAssistantError) as error:
            await recharge(hass, config_entry)
        assert error.value.translation_key == "journal_unreadable"
    assert list(journal_of(hass).path.parent.glob("jrhsz.orders.damaged.*")) == []
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == 1


async def test_file_of_a_later_version(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the file of a later version is neither used nor lost."""
    put(hass, b'{"version": 2}')
    await set_up(hass, config_entry)
    for call in (recharge(hass, config_entry), get_recharges(hass, config_entry)):
        with pytest.raises(HomeAssistantError) as error:
            await call
        assert error.value.translation_key == "journal_unreadable"
    assert journal_of(hass).path.read_bytes() == b'{"version": 2}'


async def test_file_of_before(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the order of the parts of a file doesn't matter, as those written before show."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Mine1")
    path = journal_of(hass).path
    content = json.loads(path.read_bytes())
    parts = ("version", "checksum", "orders", "hashes")
    path.write_text(json.dumps({part: content[part] for part in parts}), encoding="utf-8")
    await restart_process(hass, config_entry)
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == 1


async def test_what_is_kept(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    no_pauses: None,
) -> None:
    """Test that details are kept for 400 days, numbers for ever, open orders until resolved."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Mine1")
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, OTHER, order_number="Mine2")
    for days, kept in ((399, {"Mine1", "Mine2", "Mine399"}), (2, {"Mine2", "Mine399", "Mine2a"})):
        freezer.tick(timedelta(days=days))
        await recharge(hass, config_entry, order_number="Mine399" if days == 399 else "Mine2a")
        await restart_process(hass, config_entry)
        assert set(orders_of(hass)) == kept
    assert orders_of(hass)["Mine2"].is_open
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, order_number="Mine1")
    assert error.value.translation_key == "order_number_used"
    assert b"Mine1" not in journal_of(hass).path.read_bytes()
    assert len(simulator.calls_of("Prestore")) == 4
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_nobody_else_reads_it(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the file is for its owner alone, and holds no secret."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, METER)
    path = journal_of(hass).path
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"demo-password" not in path.read_bytes()
