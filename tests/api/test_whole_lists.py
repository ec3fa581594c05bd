"""Tests of lists that must prove that something is absent, and of the platform's clock."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Client,
    ConnectError,
    FailedError,
    IncompleteListError,
    Interface,
    Payment,
    PlatformError,
)
from custom_components.jrhsz.api.window import Dates
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER
from .conftest import WallClock


async def whole(client: Client, clock: WallClock) -> list[Payment]:
    """Return the payments of the last day, nothing missing."""
    return await client.get_payments(METER, clock.now - DAY, clock.now + DAY, complete=True)


def asked(simulator: Simulator) -> list[tuple[str, str]]:
    """Return the form of dates and the page of each question."""
    return [
        ("times" if " " in call.params["EndDate"] else "dates", call.params["pageNo"])
        for call in simulator.calls_of("GetPaymentList")
    ]


@pytest.mark.parametrize("total_count", ["right", "page", "zero", "missing", "high"])
async def test_end_is_seen(
    client: Client, simulator: Simulator, clock: WallClock, total_count: Any
) -> None:
    """Pages that are cut short, whatever their count says, end with an empty one only."""
    simulator.set_dialect(page_cap=3, total_count=total_count)
    for index in range(7):
        simulator.add_payment(METER, "5.00", order_number=f"Mine{index}")
    client.session.habits[Interface.PAYMENTS].shown.add(Dates.TIMES)
    found = await whole(client, clock)
    assert [payment.order_number for payment in found][-7:] == [f"Mine{i}" for i in range(7)]
    last = str(-(-len(found) // 3) + 1) if total_count == "right" else "0"
    assert asked(simulator)[-1] == ("times", last)


async def test_both_forms_agree(client: Client, simulator: Simulator, clock: WallClock) -> None:
    """Nothing is proven by one form of dates that never showed anything."""
    simulator.meters[METER].payments = lambda *_: []  # type: ignore[method-assign]  # nobody pays
    assert await whole(client, clock) == []
    assert asked(simulator) == [("times", "1"), ("times", "0"), ("dates", "1"), ("dates", "0")]
    assert client.session.proven_dates == set()


async def test_form_that_has_shown_records(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """A form that has shown something is enough, and is remembered."""
    simulator.add_payment(METER, "5.00")
    await whole(client, clock)
    assert client.session.proven_dates == {*Dates}
    simulator.reset_counts()
    await whole(client, clock)
    assert {form for form, _ in asked(simulator)} == {"times"}


async def test_readings_prove_the_form(client: Client, clock: WallClock) -> None:
    """Where nobody has paid yet, the readings show which form of dates is read."""
    await client.get_consumption(METER, clock.now - DAY, clock.now)
    assert client.session.proven_dates == {Dates.TIMES}
    client.session.habits[Interface.PAYMENTS].shown.add(Dates.DAYS)
    await client.get_consumption(METER, clock.now - DAY, clock.now)
    assert client.session.proven_dates == {Dates.DAYS}


@pytest.mark.parametrize("code", [1001, 1008])
async def test_passing_failure_proves_nothing(
    client: Client, simulator: Simulator, clock: WallClock, code: int
) -> None:
    """A failure in the form that is read isn't followed by the empty list of the other one."""
    simulator.add_payment(METER, "5.00")
    simulator.set_dialect(dates="time", dates_unread="empty")
    await whole(client, clock)
    simulator.add_fault(Fault(kind="code", code=code, interface="GetPaymentList", times=None))
    with pytest.raises(PlatformError):
        await whole(client, clock)
    simulator.clear_faults()
    assert len(await whole(client, clock)) >= 1


async def test_only_the_unread_form_answers(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """An empty list in one form proves nothing while the other form fails."""
    simulator.add_payment(METER, "5.00")
    simulator.set_dialect(dates="date", dates_unread="empty")
    simulator.add_fault(
        Fault(kind="code", code=1001, interface="GetPaymentList", skip=1, times=None)
    )
    with pytest.raises(FailedError):
        await whole(client, clock)
    simulator.clear_faults()
    assert len(await whole(client, clock)) >= 1
    assert client.session.proven_dates == {Dates.DAYS}


@pytest.mark.usefixtures("known_pages")
async def test_forms_that_differ(
    client: Client, simulator: Simulator, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lists with something in each that the other lacks prove nothing."""
    meter = simulator.meters[METER]
    one = meter.add_payment("5.00", order_number="One")
    two = meter.add_payment("5.00", order_number="Two")
    lists = iter([[one], [], [two], []])
    monkeypatch.setattr(meter, "payments", lambda *_: next(lists))
    with pytest.raises(IncompleteListError):
        await whole(client, clock)


async def test_end_that_is_never_seen(
    client: Client, simulator: Simulator, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that goes on and on is not whole."""
    monkeypatch.setattr("custom_components.jrhsz.api.paging._MAX_PAGES", 2)
    client.session.habits[Interface.PAYMENTS].shown.add(Dates.TIMES)
    simulator.set_dialect(page_cap=1)
    for index in range(3):
        simulator.add_payment(METER, "5.00", order_number=f"Mine{index}")
    with pytest.raises(IncompleteListError):
        await whole(client, clock)


@pytest.mark.parametrize("ahead", [-2 * DAY, timedelta(0), 2 * DAY])
async def test_platforms_clock(
    client: Client, simulator: Simulator, clock: WallClock, ahead: timedelta
) -> None:
    """What the platform's clock shows is known from its answers, also between them."""
    simulator.advance(ahead.total_seconds())
    assert client.session.platform_now is None
    await client.get_meter(METER)
    clock.advance(hours=1)
    assert client.session.platform_now == clock.now + ahead


@pytest.mark.parametrize("kind", ["status", "html", "redirect"])
async def test_failures_tell_the_time_too(
    client: Client, simulator: Simulator, clock: WallClock, kind: Any
) -> None:
    """What the platform's clock shows is known from whatever it answers."""
    await client.session.token()
    simulator.add_fault(Fault(kind=kind))
    with pytest.raises(PlatformError):
        await client.get_meter(METER)
    assert client.session.platform_now == clock.now


@pytest.mark.parametrize("ends", ["missing", "down"])
async def test_platform_that_does_not_tell_its_time(
    client: Client, simulator: Simulator, clock: WallClock, ends: str
) -> None:
    """What isn't told leaves what was known."""
    simulator.set_dialect(date="missing")
    await client.get_meter(METER)
    assert client.session.platform_now is None
    simulator.set_dialect(date="world")
    await client.get_meter(METER)
    known: datetime | None = clock.now
    assert client.session.platform_now == known
    if ends == "down":
        await simulator.stop()
        with pytest.raises(ConnectError):
            await client.get_meter(METER)
    else:
        simulator.set_dialect(date="missing")
        await client.get_meter(METER)
    assert client.session.platform_now == known
