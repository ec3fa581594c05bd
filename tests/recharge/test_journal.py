"""Tests of the journal of orders."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import errno
import json
import os
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api.transport import post
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.journal_file import FILE_NAME
from custom_components.jrhsz.recharge.journal_lines import Lines, encoded
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS
from custom_components.jrhsz.recharge.outcomes import SIGNAL_OUTCOME
from custom_components.jrhsz.texts import plain

from ..simulator import Fault, Simulator
from ..support.accounts import set_up, wait_for
from ..support.recharges import (
    METER,
    OTHER,
    an_order,
    answer,
    credited,
    fix,
    orders_of,
    recharge,
    restart_process,
)
from ..support.steps import Steps


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


def put(hass: HomeAssistant, content: bytes, name: str = FILE_NAME) -> None:
    """Write the journal's file before Home Assistant reads it."""
    Path(hass.config.path(".storage", name)).write_bytes(content)


class RecordingFiles:
    """Records what reaches the disk, and what leaves for the platform, in the order of time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Stand between the journal and the operating system."""
        self.steps: list[str] = []
        self.fail_at: str | None = None
        self._folder = str(folder)
        fsync, pwrite, replace = os.fsync, os.pwrite, Path.replace

        def recording_fsync(descriptor: int) -> None:
            """Record which file is made durable."""
            if (name := self._name(descriptor)) is not None:
                self._step(f"fsync of {name}")
            fsync(descriptor)

        def recording_pwrite(descriptor: int, content: bytes, at: int) -> int:
            """Record what is written, of which a failing disk takes a part."""
            if self._name(descriptor) is not None:
                try:
                    self._step(f"write of {', '.join(statuses(content)) or 'nothing'}")
                except OSError:
                    pwrite(descriptor, content[: len(content) // 2], at)
                    raise
            return pwrite(descriptor, content, at)

        def recording_replace(source: Path, target: Path) -> Path:
            """Record a new name."""
            self._step(f"replacement of {target.name}")
            return replace(source, target)

        monkeypatch.setattr(os, "fsync", recording_fsync)
        monkeypatch.setattr(os, "pwrite", recording_pwrite)
        monkeypatch.setattr(Path, "replace", recording_replace)

    def _name(self, descriptor: int) -> str | None:
        """Return the name of an open file of ours, or of one of our folders."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        return path.name if self._folder in {str(path), *map(str, path.parents)} else None

    def _step(self, name: str) -> None:
        """Record a step, and fail if it is the one to fail at."""
        self.steps.append(name)
        if self.fail_at is not None and name.startswith(self.fail_at):
            raise OSError(errno.ENOSPC, "No space left on device")


def records(content: bytes) -> list[dict[str, Any]]:
    """Return what the lines of a file say."""
    return [json.loads(line.partition(b" ")[2]) for line in content.splitlines() if line]


def statuses(content: bytes) -> list[str]:
    """Return the statuses of the orders in lines of a file."""
    return [record["order"]["status"] for record in records(content) if "order" in record]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, hass: HomeAssistant) -> RecordingFiles:
    """Record what happens to the journal's file."""
    return RecordingFiles(monkeypatch, Path(hass.config.path()))


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
    made = ["fsync of new", "replacement of jrhsz.orders", "fsync of .storage"]
    assert files.steps[: files.steps.index("send") + 3] == [
        # The witness, the journal without orders, and what older versions refuse.
        *["fsync of witness", "fsync of jrhsz"],
        *["fsync of new", "replacement of jrhsz.journal", "fsync of .storage"],
        *["fsync of witness", "fsync of jrhsz"],
        *made,
        *["write of unknown", "fsync of jrhsz.journal"],
        "send",
        *["write of confirmed", "fsync of jrhsz.journal"],
    ]
    assert files.steps.count("send") == 1


@pytest.mark.parametrize("step", ["write of unknown", "fsync of jrhsz.journal", "write", "fsync"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_disk_full(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
    step: str,
    *,
    restarted: bool,
) -> None:
    """Test that a recharge that can't be journalled is refused, and may be tried again."""
    await set_up(hass, config_entry)
    files.fail_at = step
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry, order_number="Mine1")
    assert error.value.translation_key == "journal_not_written"
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}
    issue = ir.async_get(hass).async_get_issue("jrhsz", "journal_not_written")
    assert issue is not None
    assert issue.translation_placeholders == {"file": plain(str(journal_of(hass).path))}
    files.fail_at = None
    if restarted:
        await restart_process(hass, config_entry)
        assert orders_of(hass) == {}
        assert ir.async_get(hass).async_get_issue("jrhsz", "journal_restored") is None
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert credited(simulator) == 20
    assert ir.async_get(hass).async_get_issue("jrhsz", "journal_not_written") is None


async def test_folder_gone(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a folder that can't be written to refuses recharges."""
    await set_up(hass, config_entry)
    os.rename(hass.config.path(".storage"), hass.config.path("elsewhere"))  # noqa: PTH104  as a person would
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
    content = journal_of(hass).path.read_bytes()
    assert statuses(content) == ["unknown"]
    files.fail_at = None
    await restart_process(hass, config_entry)
    (order,) = orders_of(hass).values()
    assert (order.status, order.source) == ("confirmed", "payments")
    # In between it is told that nothing is known yet: the order was not known to be told; and a
    # rise of the balance is noted, if it is seen before the list.
    *before, last = statuses(journal_of(hass).path.read_bytes())
    assert (before[:2], set(before), last) == (["unknown", "unknown"], {"unknown"}, "confirmed")


async def test_caller_of_a_failing_write_goes_away(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    files: RecordingFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that nobody has to handle the error, as when Home Assistant stops."""
    await set_up(hass, config_entry)
    complaints: list[dict[str, Any]] = []
    hass.loop.set_exception_handler(lambda _, context: complaints.append(context))
    has_gone, pwrite = threading.Event(), os.pwrite

    def late_pwrite(descriptor: int, content: bytes, at: int) -> int:
        """Write when the caller has gone."""
        has_gone.wait()
        return pwrite(descriptor, content, at)

    monkeypatch.setattr(os, "pwrite", late_pwrite)
    files.fail_at = "write of nothing"
    caller = hass.async_create_task(journal_of(hass).async_note("key", value=True))
    caller.cancel()
    has_gone.set()
    await hass.async_block_till_done()
    assert caller.cancelled()
    assert files.steps[-1] == "write of nothing"
    assert not journal_of(hass).is_written
    assert complaints == []


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
    content = journal_of(hass).path.read_bytes()
    assert statuses(content)[:4] == ["unknown", "confirmed", "unknown", "confirmed"]


def changed(content: bytes) -> bytes:
    """Return valid JSON in which one digit of an amount is another."""
    assert b'"20' in content
    return content.replace(b'"20', b'"10', 1)


def without_line(content: bytes) -> bytes:
    """Return the content without its third line."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:2] + lines[3:])


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in its first line": lambda content: content[:20],
    "zeros": lambda content: bytes(len(content)),
    "another digit": changed,
    "a line is missing": without_line,
    "no checksum": lambda content: content.partition(b" ")[2],
    "a list": lambda _: b"37517e5f3dc66819 []\n",
    "an old version": lambda _: encoded({"version": 1}, 1),
    "a text for a version": lambda _: encoded({"version": "2"}, 1),
    "deep": lambda _: b"[" * 200_000 + b"\n",
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
        (aside,) = path.parent.glob("jrhsz.journal.damaged.*")
        assert aside.read_bytes() == content
        assert aside.name in str(error.value)
        issue = ir.async_get(hass).async_get_issue("jrhsz", "journal_damaged")
        assert issue is not None
        assert issue.is_fixable
        assert issue.translation_placeholders == {"file": plain(str(aside))}
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
    files.fail_at = "replacement"
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
        opened = Path.open

        def unreadable(path: Path, *args: Any, **kwargs: Any) -> Any:
            """Fail as a broken disk does."""
            if path.name == FILE_NAME:
                raise PermissionError(errno.EACCES, "Permission denied")
            return opened(path, *args, **kwargs)

        patch.setattr(Path, "open", unreadable)
        await restart_process(hass, config_entry)
        with pytest.raises(HomeAssistantError) as error:
            await recharge(hass, config_entry)
        assert error.value.translation_key == "journal_unreadable"
        step = await fix(hass, "journal_unreadable")
        assert step["description_placeholders"] == {"file": plain(str(journal_of(hass).path))}
        result = await answer(hass, step)
        assert (result["type"], result["reason"]) == ("abort", "journal_unreadable")
    assert list(journal_of(hass).path.parent.glob("jrhsz.*.damaged.*")) == []
    result = await answer(hass, await fix(hass, "journal_unreadable"))
    assert result["type"] == "create_entry"
    assert ir.async_get(hass).async_get_issue("jrhsz", "journal_unreadable") is None
    assert (await recharge(hass, config_entry, order_number="Mine1"))["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == 1


async def test_folder_that_is_new(hass: HomeAssistant, tmp_path: Path) -> None:
    """Test that the folders of a new configuration are made, as Home Assistant's own files do."""
    hass.config.config_dir = str(tmp_path / "new")
    journal = Journal(hass)
    await journal.async_load()
    await journal.async_reserve(an_order("Mine1"))
    assert journal.is_written
    again = Journal(hass)
    await again.async_load()
    assert (list(again.orders), again.gap) == (["Mine1"], None)


async def test_unreadable_for_a_while(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    no_pauses: None,
) -> None:
    """Test that a pass reads it again: then its orders are shown, looked up and told."""
    await set_up(hass, config_entry)
    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    await recharge(hass, config_entry, order_number="Mine1")
    journal, told = journal_of(hass), list[Order]()
    await journal.async_update(replace(journal.orders["Mine1"], untold=True))
    async_dispatcher_connect(hass, SIGNAL_OUTCOME, lambda order, _: told.append(order))
    issues = ir.async_get(hass)
    with patch.object(Lines, "read", side_effect=PermissionError(errno.EACCES, "denied")):
        await restart_process(hass, config_entry)
        await wait_for(hass, freezer, minutes=31)
        assert (told, orders_of(hass)) == ([], {})
    assert {issue for _, issue in issues.issues} == {"journal_unreadable"}
    await wait_for(hass, freezer, minutes=31)
    assert [(order.number, order.status, order.untold) for order in told] == [
        ("Mine1", Status.UNKNOWN, False)
    ]
    assert [issue.partition("_orders_")[0] for _, issue in issues.issues] == ["open"]
    simulator.set_dialect(payment_delay=0)
    await wait_for(hass, freezer, minutes=31)
    assert [order.status for order in told] == [Status.UNKNOWN, Status.CONFIRMED]
    assert issues.issues == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [("jrhsz.journal", encoded({"version": 3}, 1)), ("jrhsz.orders", b'{"version": 2}')],
    ids=["new", "old"],
)
async def test_file_of_a_later_version(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    name: str,
    content: bytes,
) -> None:
    """Test that the file of a later version is neither used nor lost."""
    put(hass, content, name)
    await set_up(hass, config_entry)
    for call in (recharge(hass, config_entry), get_recharges(hass, config_entry)):
        with pytest.raises(HomeAssistantError) as error:
            await call
        assert error.value.translation_key == "journal_unreadable"
    assert journal_of(hass).path.with_name(name).read_bytes() == content


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


async def test_somebody_else_writes(hass: HomeAssistant) -> None:
    """Test that two writers of one file see each other's orders, and none is written over."""
    one, two = Journal(hass), Journal(hass)
    await one.async_load()
    await two.async_load()
    await one.async_reserve(an_order("One1"))
    await two.async_reserve(an_order("Two1"))
    await one.async_update(an_order("One1", status=Status.CONFIRMED))
    assert set(one.orders) == {"One1", "Two1"}
    with pytest.raises(HomeAssistantError):
        await two.async_reserve(an_order("One1"))
    assert two.orders["One1"].status == "confirmed"
    await two.async_reserve(an_order("Two2"))
    third = Journal(hass)
    await third.async_load()
    assert set(third.orders) == {"One1", "Two1", "Two2"}
    assert third.gap is None


async def test_put_back_while_it_runs(hass: HomeAssistant) -> None:
    """Test that nothing is reserved in a journal that was put back meanwhile."""
    journal = Journal(hass)
    await journal.async_load()
    before = journal.path.read_bytes()
    await journal.async_reserve(an_order("One1"))
    journal.path.write_bytes(before)
    told = []
    journal.on_change = lambda: told.append(journal.gap)
    with pytest.raises(HomeAssistantError):
        await journal.async_reserve(an_order("One2"))
    assert told[0] is not None
    assert "One2" not in journal.orders


async def test_file_gone_while_it_runs(hass: HomeAssistant) -> None:
    """Test that a file that somebody deletes is written anew from memory."""
    journal = Journal(hass)
    await journal.async_load()
    await journal.async_reserve(an_order("One1"))
    journal.path.unlink()
    with pytest.raises(HomeAssistantError):
        await journal.async_reserve(an_order("One2"))
    await journal.async_reserve(an_order("One3"))
    again = Journal(hass)
    await again.async_load()
    assert set(again.orders) == {"One1", "One3"}
    assert again.gap is None


async def test_clock_that_jumps_ahead(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Test that neither a write nor a start while the clock is years ahead forgets anything."""
    journal = Journal(hass)
    await journal.async_load()
    await journal.async_reserve(an_order("One1", status=Status.CONFIRMED))
    freezer.tick(timedelta(days=800))
    again = Journal(hass)
    await again.async_load()
    await again.async_reserve(an_order("One2", status=Status.CONFIRMED))
    freezer.tick(-timedelta(days=800))
    again = Journal(hass)
    await again.async_load()
    assert set(again.orders) == {"One1", "One2"}


def many_orders(count: int, **values: Any) -> list[Order]:
    """Return settled orders of many meters, one an hour, with numbers unlike another count's."""
    end = dt_util.utcnow() - timedelta(days=2)
    common = {"status": Status.CONFIRMED, **values}
    return [
        an_order(f"{count}N{i}", user_code=f"{i % 50}", sent=end - timedelta(hours=i), **common)
        for i in range(count)
    ]


async def test_cost_of_an_order(hass: HomeAssistant) -> None:
    """Test that an order costs the same with ten and with ten thousand before it."""
    costs = []
    for count in (10, 10_000):
        journal = Journal(hass)
        await journal.async_load()
        await journal.async_reserve(*many_orders(count))
        size, now = journal.path.stat().st_size, dt_util.utcnow()
        with Steps() as steps:
            order = an_order(f"{count:05}last")
            await journal.async_reserve(order)
            await journal.async_update(replace(order, status=Status.CONFIRMED))
            assert journal.knows(order.number)
            assert len(journal.sent_since(now)) == 1
            assert len(journal.of_meter(order.user_code, now)) == 1
            assert len(journal.of_account(order.account_id, now)) == 1
            assert journal.unsettled == []
        costs.append((journal.path.stat().st_size - size, steps.count))
        await journal.async_update(replace(order, status=Status.REJECTED, sent=now - timedelta(9)))
    (few_bytes, few), (many_bytes, many) = costs
    assert abs(many_bytes - few_bytes) < 20
    assert 100 < many < 1.2 * few


@pytest.mark.parametrize(
    "values",
    [{}, {"doubted": True}],
    ids=["settled", "doubted"],
)
async def test_cost_of_a_recharge(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    values: dict[str, Any],
) -> None:
    """Test that all that a recharge looks at is the same with few and with many orders before.

    The last 60 of an account tell how late its list is, so few are as many as these.
    """
    await set_up(hass, config_entry)
    costs = []
    codes = sorted(simulator.meters)
    for count, meters in ((60, codes[:4]), (2000, codes[4:])):
        orders = many_orders(count, account_id=str(config_entry.unique_id), **values)
        await journal_of(hass).async_reserve(*orders)
        # A poll or a look-up that happens to run meanwhile counts too: the cheapest one is meant.
        tries = []
        for meter in meters:
            await hass.async_block_till_done(wait_background_tasks=True)
            with Steps() as steps:
                assert (await recharge(hass, config_entry, meter))["status"] == "confirmed"
            tries.append(steps.count)
        costs.append(min(tries))
    assert costs[0] > 200
    assert costs[1] < 1.2 * costs[0], costs
