"""Tests of what happens after the journal was put back, or lost."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
import shutil
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import CHINA_STANDARD_TIME as CST, Interface
from custom_components.jrhsz.api.window import QueryDays, QueryForm
from custom_components.jrhsz.connection import session_of
from custom_components.jrhsz.recharge.limits import midnight_in_china
from custom_components.jrhsz.recharge.orders import DATA_ORDERS
from custom_components.jrhsz.recharge.proof import ONE_DAY
from custom_components.jrhsz.recharge.request import CreditedMeter, Request
from custom_components.jrhsz.recharge.restored import payments_needed
from custom_components.jrhsz.recharge.witness import Witness

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

OURS = f"HA{'7' * 26}"


class Backup:
    """A backup as Home Assistant makes one: all files but those in its cache."""

    def __init__(self, hass: HomeAssistant, folder: Path) -> None:
        """Make it."""
        self._hass = hass
        self._folder = folder
        shutil.copytree(hass.config.path(".storage"), folder / ".storage")

    async def restore(self, entry: MockConfigEntry) -> None:
        """Put it back as Home Assistant does, which removes all that there was."""
        assert await self._hass.config_entries.async_unload(entry.entry_id)
        await self._hass.async_block_till_done(wait_background_tasks=True)
        for name in (".storage", ".cache"):
            shutil.rmtree(self._hass.config.path(name))
        shutil.copytree(self._folder / ".storage", self._hass.config.path(".storage"))
        await restart_process(self._hass, entry)


def issue_of(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the issue."""
    return ir.async_get(hass).async_get_issue("jrhsz", "journal_restored")


async def confirm(hass: HomeAssistant) -> None:
    """Confirm that orders may be missing."""
    step = await fix(hass, "journal_restored")
    assert step["step_id"] == "confirm"
    assert (await answer(hass, step))["type"] == "create_entry"
    assert issue_of(hass) is None


async def refused(hass: HomeAssistant, entry: MockConfigEntry, **data: Any) -> str:
    """Recharge in vain; return why."""
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, entry, **data)
    return str(error.value.translation_key)


@pytest.fixture
async def backup(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, tmp_path: Path
) -> Backup:
    """Make a backup after a first order."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Before1")
    return Backup(hass, tmp_path / "backup")


async def test_restored(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that orders since a backup are known again before anything more is sent."""
    number = (await recharge(hass, config_entry))["order_number"]
    other = (await recharge(hass, config_entry, OTHER, amount=30))["order_number"]
    await backup.restore(config_entry)
    assert list(orders_of(hass)) == ["Before1"]
    issue = issue_of(hass)
    assert issue is not None
    assert issue.is_fixable
    assert issue.severity == "error"
    assert set(issue.translation_placeholders or ()) == {"begin", "end"}

    # It outlives a restart, and what isn't sent can't be repeated.
    await restart_process(hass, config_entry)
    assert await refused(hass, config_entry) == "journal_restored"
    assert await refused(hass, config_entry, dry_run=True) == "journal_restored"
    await confirm(hass)
    await restart_process(hass, config_entry)
    assert issue_of(hass) is None

    again = await recharge(hass, config_entry, order_number=number)
    assert (again["status"], again["order_number"]) == ("confirmed", number)
    assert credited(simulator) == 40
    # The other meter is compared before its own first order.
    assert list(orders_of(hass)) == ["Before1", number]
    assert (await recharge(hass, config_entry, OTHER))["status"] == "confirmed"
    taken_over = orders_of(hass)[other]
    assert taken_over.status == "confirmed"
    assert taken_over.source == "payments"
    assert (taken_over.amount, taken_over.user_code) == (Decimal(30), OTHER)
    assert taken_over.user_id is None
    await restart_process(hass, config_entry)
    assert len(orders_of(hass)) == 4


async def test_compared_once(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that a meter whose payments can't be read is not credited, and compared only once."""
    await backup.restore(config_entry)
    await confirm(hass)
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetPaymentList", times=None))
    assert await refused(hass, config_entry) == "not_checked"
    simulator.clear_faults()
    assert len(simulator.ledger) == 1
    gap = hass.data[DATA_ORDERS].journal.gap
    assert gap is not None
    # A week before the end of the journal, and the day before that.
    since = f"{(gap.begin - timedelta(days=8)).astimezone(CST):%Y-%m-%d}"
    for is_first in (True, False):
        simulator.reset_counts()
        await recharge(hass, config_entry)
        begins = {call.params["BeginDate"][:10] for call in simulator.calls_of("GetPaymentList")}
        assert (since in begins) is is_first
        simulator.meters[METER].add_payment(5, order_number=OURS)
    assert OURS not in orders_of(hass)


async def test_what_is_taken_over(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that only what bears our numbers is, in any form, and nothing taken back."""
    meter = simulator.meters[METER]
    meter.add_payment(5, order_number=OURS.lower())
    meter.add_payment(6, order_number="HA123")
    meter.add_payment(7, order_number="Somebody1")
    meter.add_payment(-8, order_number=f"HA{'8' * 26}")
    within = "HA7K2P9QWERTYU1OPASDFGH4JKLZ"
    meter.add_payment(9, order_number=f"P-{within}-01")
    meter.add_payment(10, order_number=f"SHA{'2026' * 6}")
    await backup.restore(config_entry)
    await confirm(hass)
    number = (await recharge(hass, config_entry))["order_number"]
    assert set(orders_of(hass)) == {"Before1", OURS, within, number}
    assert [orders_of(hass)[taken].amount for taken in (OURS, within)] == [5, 9]


async def test_limits_count_what_is_taken_over(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that a restore frees nothing of today's limit."""
    await recharge(hass, config_entry, amount=480)
    await recharge(hass, config_entry, amount=490)
    await backup.restore(config_entry)
    await confirm(hass)
    assert await refused(hass, config_entry, amount=11) == "limit_per_day"
    assert (await recharge(hass, config_entry, amount=10))["status"] == "confirmed"


@pytest.mark.parametrize("lost", ["journal", "witness", "both"])
async def test_lost(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, lost: str
) -> None:
    """Test that a journal that was deleted, or whose witness was, isn't trusted."""
    await set_up(hass, config_entry)
    number = (await recharge(hass, config_entry))["order_number"]
    storage, cache = Path(hass.config.path(".storage")), Path(hass.config.cache_path("jrhsz"))
    if lost != "witness":
        (storage / "jrhsz.journal").unlink()
    if lost != "journal":
        shutil.rmtree(cache)
    await restart_process(hass, config_entry)
    assert await refused(hass, config_entry) == "journal_restored"
    await confirm(hass)
    again = await recharge(hass, config_entry, order_number=number)
    assert again["status"] == "confirmed"
    assert credited(simulator) == 20


async def test_first_start(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a first start, and all that follow, raise no alarm."""
    for _ in range(2):
        await set_up(hass, config_entry)
        assert issue_of(hass) is None
        assert (await recharge(hass, config_entry))["status"] == "confirmed"
        assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_backup_from_before_the_first_order(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, tmp_path: Path
) -> None:
    """Test that a journal that was put back without any order is recognised too."""
    await set_up(hass, config_entry)
    backup = Backup(hass, tmp_path / "backup")
    number = (await recharge(hass, config_entry))["order_number"]
    await backup.restore(config_entry)
    assert await refused(hass, config_entry) == "journal_restored"
    await confirm(hass)
    assert (await recharge(hass, config_entry, order_number=number))["status"] == "confirmed"
    assert credited(simulator) == 20


async def test_restored_twice(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that each restore asks anew, also one of a backup from before the last restore."""
    for _ in range(2):
        await backup.restore(config_entry)
        number = (await confirmed_recharge(hass, config_entry))["order_number"]
        assert number in orders_of(hass)
    cache = Path(hass.config.cache_path("jrhsz"))
    kept = (cache / "witness").read_bytes()
    await backup.restore(config_entry)
    await confirmed_recharge(hass, config_entry)
    # Somebody who puts single files back keeps the cache.
    (cache / "witness").write_bytes(kept)
    await restart_process(hass, config_entry)
    assert issue_of(hass) is not None


async def confirmed_recharge(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Confirm, and recharge."""
    await confirm(hass)
    return await recharge(hass, entry)


async def test_confirmation_that_cannot_be_written(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    backup: Backup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that nothing is sent if it couldn't be remembered that a person has confirmed."""
    await backup.restore(config_entry)
    with monkeypatch.context() as patch:

        def full(*_: Any) -> int:
            """Fail as a full disk does."""
            raise OSError

        patch.setattr("os.pwrite", full)
        result = await answer(hass, await fix(hass, "journal_restored"))
        assert (result["type"], result["reason"]) == ("abort", "journal_not_written")
    assert await refused(hass, config_entry) == "journal_restored"
    await confirm(hass)


@pytest.mark.parametrize(("days", "is_young"), [(30, True), (32, False)])
async def test_number_given_while_the_journal_is_young(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    days: int,
    *,
    is_young: bool,
) -> None:
    """Test that the list is searched for a number that a journal before this one may have held."""
    await set_up(hass, config_entry)
    cache = Path(hass.config.cache_path("jrhsz"))
    witness = Witness.read(cache)
    assert witness is not None
    since = dt_util.utcnow() - timedelta(days=days)
    replace(witness, since=since).write(cache, durable=False)
    await restart_process(hass, config_entry)
    at = dt_util.utcnow() - timedelta(days=29)
    simulator.meters[METER].add_payment(20, order_number="Rent1", at=at)
    simulator.reset_counts()
    response = await recharge(hass, config_entry, order_number="Rent1")
    assert response["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == (0 if is_young else 1)


async def test_another_amount_under_that_number(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a number that was used for something else is refused."""
    await set_up(hass, config_entry)
    simulator.meters[METER].add_payment(
        20, order_number="Rent1", at=dt_util.utcnow() - timedelta(days=20)
    )
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, amount=21, order_number="Rent1")
    assert error.value.translation_key == "order_number_used"
    assert simulator.calls_of("Prestore") == []


async def test_list_that_is_cut_short(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, backup: Backup
) -> None:
    """Test that an order is taken over from wherever it is in the list, however that is paged."""
    meter = simulator.meters[METER]
    for hour in range(20):
        meter.add_payment(1, at=dt_util.utcnow() - timedelta(hours=hour + 1))
    meter.add_payment(5, order_number=OURS)
    await backup.restore(config_entry)
    await confirm(hass)
    simulator.set_dialect(page_cap=7, total_count="page")
    await recharge(hass, config_entry)
    assert orders_of(hass)[OURS].amount == 5


@pytest.mark.parametrize(
    ("days", "reach"), [(None, 31), (38, 31), (31, 31), (7, 31), (1, 1), (0, 1)]
)
async def test_platform_that_lists_few_days_at_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    days: int | None,
    reach: int,
) -> None:
    """Test that a number is searched with five calls at most, as far back as these reach."""
    await set_up(hass, config_entry)
    now, window = dt_util.utcnow(), QueryForm(days=days)
    session_of(hass, config_entry).habits[Interface.PAYMENTS].window = window
    meter = CreditedMeter(entry=config_entry, user_code=METER, device_id="", name="")
    request = Request(amount=Decimal(20), context=Context(), order_number="Rent1")
    (since, until), whole = payments_needed(hass, hass.data[DATA_ORDERS].journal, meter, request)
    assert not whole
    # One day at once is five calls for every order: the search adds none.
    reached = now - timedelta(days=reach) if reach > 1 else midnight_in_china(now) - ONE_DAY
    assert abs(since - reached) < timedelta(minutes=1)
    calls = QueryDays.around(since, max(until, now + ONE_DAY), now).parts(window)
    assert len(calls) <= 5
