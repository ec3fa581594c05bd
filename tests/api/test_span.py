"""Tests of reading a span from platforms that take some windows only, over sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import itertools
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Client,
    Consumption,
    FailedError,
    Http,
    IncompleteListError,
    Interface,
    MissingParameterError,
    NotPermittedError,
    Pacer,
    PlatformError,
    Priority,
    Session,
    Turn,
)
from custom_components.jrhsz.api.window import Dates, QueryForm
from tests.simulator import Dialect, Fault, Simulator

from ..support.calls import DAY, METER, NOON, PAGED, READS
from ..support.direct import Direct
from .conftest import PASSWORD, WallClock

# What is learnt of pages is tried elsewhere.
pytestmark = pytest.mark.usefixtures("known_pages")
OTHER = "2022040002"
THIRD = "2022040003"
TODAY = NOON + DAY


async def month(
    client: Client, code: str = METER, priority: Priority = Priority.HISTORY
) -> list[Consumption]:
    """Return the readings of the last 35 days."""
    return await client.get_consumption(code, TODAY - 35 * DAY, TODAY, Turn(priority))


def asked(simulator: Simulator, name: str = "GetConsumenList") -> list[str]:
    """Return the days of the windows that were asked for, `+` where they end after today."""
    shown = []
    for call in simulator.calls_of(name):
        begin, end = (call.params[key] for key in ("BeginDate", "EndDate"))
        first, last = (datetime.fromisoformat(text[:10]).date() for text in (begin, end))
        later = "+" if last > simulator.now().date() else ""
        shown.append(f"{(last - first).days + 1}{later}{'' if ' ' in begin else ' dates'}")
    return shown


def are_right(simulator: Simulator, records: list[Consumption], code: str = METER) -> bool:
    """Tell whether the readings of the last 35 days are all there, each once."""
    expected = simulator.meters[code].records(TODAY - 35 * DAY, TODAY)
    return sorted(str(x.time) for x in records) == [str(x.read_time) for x in expected]


@pytest.mark.parametrize("name", PAGED)
@pytest.mark.parametrize("dates_code", [1001, 1008])
@pytest.mark.parametrize("wrong_body", [1001, 1008, 500])
async def test_dates_without_times(
    client: Client, simulator: Simulator, name: str, dates_code: Any, wrong_body: int
) -> None:
    """A platform that reads dates only is found out once."""
    simulator.set_dialect(
        dates="date", dates_code=dates_code, wrong_body=wrong_body, end_whole_day=False
    )
    first = await READS[name](client)
    assert len(first) >= (24 if name == "GetConsumenList" else 0)
    last = simulator.calls_of(name)[-1].params
    assert (last["BeginDate"], last["EndDate"]) == ("2026-10-30", "2026-11-02")
    assert client.session.habits[Interface(name)].candidate == QueryForm(Dates.DAYS)
    count = len(simulator.calls)
    assert await READS[name](client) == first
    assert len(simulator.calls) == count + 1


async def test_dates_with_times_again(client: Client, simulator: Simulator) -> None:
    """What was learnt may be learnt anew."""
    habits = client.session.habits[Interface.CONSUMPTION]
    habits.window = QueryForm(Dates.DAYS)
    simulator.set_dialect(dates="time")
    for code in (METER, OTHER):
        assert len(await client.get_consumption(code, NOON - DAY, NOON)) == 24
    assert habits.window == QueryForm(Dates.TIMES)
    assert len(simulator.calls_of("GetConsumenList")) == 4


async def test_what_the_platform_said_first(client: Client, simulator: Simulator) -> None:
    """If everything is refused, what the platform said first is told."""
    for msg in "甲乙丙":
        simulator.add_fault(Fault(kind="code", code=1001, msg=msg, interface="GetPaymentList"))
    with pytest.raises(FailedError, match="甲"):
        await client.get_payments(METER, NOON - DAY, NOON)
    assert client.session.habits[Interface.PAYMENTS].candidate is None


@pytest.mark.parametrize(
    ("moment", "begin", "end"),
    [
        ("2026-03-01T00:00:00+08:00", "2026-02-28 00:00:00", "2026-03-02 23:59:59"),
        ("2026-02-28T23:59:59+08:00", "2026-02-27 00:00:00", "2026-03-01 23:59:59"),
        ("2026-01-01T00:30:00+08:00", "2025-12-31 00:00:00", "2026-01-02 23:59:59"),
    ],
)
async def test_window(
    client: Client, simulator: Simulator, moment: str, begin: str, end: str
) -> None:
    """The window is a day wider than the span, in Chinese days, whatever zone it is given in."""
    time = datetime.fromisoformat(moment)
    await client.get_payments(METER, time, time.astimezone(UTC))
    params = simulator.calls_of("GetPaymentList")[0].params
    assert (params["BeginDate"], params["EndDate"]) == (begin, end)


@pytest.mark.parametrize(
    ("dialect", "first", "later"),
    [
        ({"future": "refuse"}, ["38+", "37"], ["37"]),
        (
            {"max_span": 31},
            ["38+", "37", "1", "31", "6"],
            ["31", "6"],
        ),
        (
            {"max_span": 7},
            ["38+", "37", "1", "31", *["7"] * 5, "2"],
            [*["7"] * 5, "2"],
        ),
        (
            {"max_span": 1, "dates_code": 1008},
            ["38+", "38+", "37", "1", "31", "7", *["1"] * 36],
            ["1"] * 37,
        ),
        (
            {"max_span": 7, "span_count": "days"},
            ["38+", "37", "1", "31", *["7"] * 5, "2"],
            [*["7"] * 5, "2"],
        ),
        ({"dates": "date"}, ["38+", "37", "1", "38+ dates"], ["38+ dates"]),
        (
            {"dates": "date", "future": "refuse"},
            ["38+", "37", "1", "38+ dates", "2+ dates", *["7 dates"] * 6],
            ["7 dates"] * 6,
        ),
        (
            {"dates": "date", "max_span": 7, "end_whole_day": False},
            ["38+", "37", "1", "38+ dates", "2+ dates", "7+ dates", *["7 dates"] * 5, "2 dates"],
            ["7+ dates", *["7 dates"] * 5, "2 dates"],
        ),
    ],
    ids=str,
)
async def test_windows_that_are_taken(
    client: Client,
    simulator: Simulator,
    dialect: dict[str, Any],
    first: list[str],
    later: list[str],
) -> None:
    """Whatever windows the platform takes, all records come, and what works is remembered."""
    simulator.set_dialect(**dialect)
    assert are_right(simulator, await month(client))
    assert asked(simulator) == first
    simulator.reset_counts()
    habits = client.session.habits[Interface.CONSUMPTION]
    if habits.is_open:
        # That its search goes on is tested below.
        assert first[-len(later) + 1 :] == later[1:]
        habits.is_open = False
    assert are_right(simulator, await month(client))
    assert asked(simulator) == later
    simulator.reset_counts()
    assert are_right(simulator, await month(client, OTHER), OTHER)
    assert asked(simulator)[-len(later) :] == later
    simulator.reset_counts()
    assert are_right(simulator, await month(client, THIRD), THIRD)
    assert asked(simulator) == later


async def month_of(client: Client, clock: WallClock, code: str) -> list[Consumption] | None:
    """Return the readings of the last 35 days, if they can be had."""
    begin = clock.now - 35 * DAY
    try:
        return await client.get_consumption(code, begin, clock.now, Turn(Priority.HISTORY))
    except FailedError, MissingParameterError:
        return None


PLATFORMS: list[dict[str, Any]] = [
    {
        "max_span": max_span,
        "dates": dates,
        "end_whole_day": whole,
        "future": future,
        "dates_code": code,
        "span_count": count,
    }
    for max_span, (dates, whole), future, code, count in itertools.product(
        (0, 38, 31, 7, 1),
        (("any", True), ("time", True), ("date", True), ("date", False)),
        ("any", "refuse"),
        (1001, 1008),
        ("time", "days"),
    )
    # How windows are counted matters for few; one that takes a single date, and means where its
    # day begins, lists nothing at all.
    if (count == "time" or 0 < max_span < 31)
    and (max_span, dates, whole, count) != (1, "date", False, "days")
]


@pytest.mark.parametrize("changes", PLATFORMS, ids=str)
async def test_every_platform(
    http: Http,
    clock: WallClock,
    monkeypatch: pytest.MonkeyPatch,
    no_pace: None,
    changes: dict[str, Any],
) -> None:
    """Within two hours all records of a month come, with six vain calls an hour at most."""
    dialect = Dialect(**changes)
    simulator = Simulator(
        meters=3, clock=clock, history_days=40, upload_every=8 * 3600, dialect=dialect
    )
    direct = Direct(simulator)
    monkeypatch.setattr("custom_components.jrhsz.api.session.post", direct.post)
    session = Session(simulator.url, "demo", Pacer(), now=clock)
    session.use(PASSWORD, http)
    client = Client(session)
    found, at = None, clock.now
    for _ in range(2):
        direct.refused = 0
        if found is None:
            at, found = clock.now, await month_of(client, clock, METER)
        assert direct.refused <= 6
        clock.advance(hours=1, minutes=1)
    assert found
    # Where a date is where its day begins, nothing shows today's before tomorrow.
    until = at - DAY if dialect.dates == "date" and not dialect.end_whole_day else at
    times = sorted(record.time for record in found if record.time and record.time <= until)
    expected = simulator.meters[METER].records(at - 35 * DAY, until)
    assert times == [record.read_time for record in expected]
    # What is wider is found out by and by, and holds for the next meter at once.
    for _ in range(4):
        await month_of(client, clock, METER)
        await month_of(client, clock, OTHER)
        clock.advance(hours=1, minutes=1)
    direct.refused, direct.listed = 0, []
    assert await month_of(client, clock, THIRD)
    assert direct.refused == 0
    widest = dialect.max_span - (dialect.dates == "date")
    assert len(direct.listed) <= (38 // max(widest, 1) + 2 if dialect.max_span else 1)


async def test_second_meter_confirms(client: Client, simulator: Simulator) -> None:
    """What worked for one meter is what the next one tries, and then all others begin with."""
    simulator.set_dialect(max_span=31)
    await month(client)
    simulator.reset_counts()
    await month(client, OTHER)
    assert asked(simulator) == ["38+", "31", "6"]
    simulator.reset_counts()
    await month(client, THIRD)
    assert asked(simulator) == ["31", "6"]


async def test_one_meter_alone(client: Client, simulator: Simulator) -> None:
    """What is refused for one meter by chance changes nothing for the others."""
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetConsumenList"))
    await month(client)
    assert asked(simulator) == ["38+", "37"]
    simulator.reset_counts()
    await month(client, OTHER)
    assert asked(simulator) == ["38+"]


async def test_a_week_later(client: Client, simulator: Simulator, clock: WallClock) -> None:
    """Something wider is tried again after a week, a step at a time."""
    simulator.set_dialect(max_span=7)
    for code in (METER, OTHER):
        await month(client, code)
    week = ["7"] * 5 + ["2"]
    seen = []
    for days in (6, 1, 7, 7, 7, 7, 1):
        simulator.reset_counts()
        clock.advance(days=days)
        await client.get_consumption(METER, clock.now - 35 * DAY, clock.now, Turn(Priority.HISTORY))
        seen.append([x.removesuffix("") for x in asked(simulator)])
        if days == 1:
            simulator.set_dialect(max_span=0)
    assert seen == [week, ["31", *week], ["31", "6"], ["37"], *[["38+"]] * 3]


async def test_somebody_who_waits_tries_nothing_new(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """What may be wider is found out in the background."""
    simulator.set_dialect(max_span=7)
    await month(client)
    clock.advance(days=8)
    simulator.reset_counts()
    await month(client, priority=Priority.RECHARGE)
    assert set(asked(simulator)[:4]) == {"7"}


@pytest.mark.parametrize("code", [1001, 1008])
async def test_everything_is_refused(
    client: Client, simulator: Simulator, clock: WallClock, code: int
) -> None:
    """Nothing is learnt, that meter is left alone for a day, and others are asked once each."""
    simulator.add_fault(
        Fault(kind="code", code=code, msg="系统异常", interface="GetConsumenList", times=None)
    )
    error = FailedError if code == 1001 else MissingParameterError
    for _ in range(3):
        for meter in (METER, OTHER):
            with pytest.raises(error, match="系统异常"):
                await month(client, meter)
    names = [call.params["user_code"] for call in simulator.calls_of("GetConsumenList")]
    assert names.count(METER) == 6
    assert len(names) <= 14
    clock.advance(hours=1)
    simulator.reset_counts()
    with pytest.raises(error):
        await month(client, METER)
    names = [call.params["user_code"] for call in simulator.calls_of("GetConsumenList")]
    assert names in ([METER] * 3, [METER] * 5)
    for _ in range(22):
        clock.advance(hours=1)
        with pytest.raises(error):
            await month(client, METER)
    assert len(simulator.calls_of("GetConsumenList")) == len(names)
    with pytest.raises(error):
        await month(client, METER, Priority.USER)
    assert len(simulator.calls_of("GetConsumenList")) <= len(names) + 3
    simulator.clear_faults()
    clock.advance(hours=2)
    assert are_right_again(await month(client, METER))
    assert client.session.habits[Interface.CONSUMPTION].window is None


def are_right_again(records: list[Consumption]) -> bool:
    """Tell whether there are records."""
    return len(records) > 24 * 30


async def test_six_refusals_an_hour(client: Client, simulator: Simulator, clock: WallClock) -> None:
    """In an hour there is one search; the next one belongs to another meter."""
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetConsumenList", times=None))
    for hour in range(3):
        simulator.reset_counts()
        for code in list(simulator.meters)[hour:]:
            with pytest.raises(FailedError):
                await month(client, code)
        assert len(simulator.calls_of("GetConsumenList")) <= 6 + len(simulator.meters) - hour
        clock.advance(hours=1)


@pytest.mark.parametrize(
    ("dialect", "windows"),
    [
        ({"future": "refuse"}, ["6+", "4"]),
        ({"dates": "date"}, ["6+", "4", "6+ dates"]),
        ({"max_span": 7}, ["6+"]),
    ],
    ids=str,
)
async def test_before_a_recharge(
    client: Client, simulator: Simulator, dialect: dict[str, Any], windows: list[str]
) -> None:
    """Somebody who waits gets his list after three attempts, or not."""
    simulator.set_dialect(**dialect)
    payment = simulator.add_payment(METER, "5.00", order_number="HA1")
    span = (TODAY - 2 * DAY, TODAY + DAY)
    found = await client.get_payments(METER, *span, Turn())
    assert payment.order_number in {item.order_number for item in found}
    assert asked(simulator, "GetPaymentList") == windows
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetPaymentList", times=None))
    simulator.reset_counts()
    with pytest.raises(FailedError):
        await client.get_payments(OTHER, *span, Turn())
    assert len(simulator.calls_of("GetPaymentList")) <= 3


@pytest.mark.parametrize("future", ["any", "refuse"])
@pytest.mark.parametrize("max_span", [0, 7, 1])
async def test_whole_list(client: Client, simulator: Simulator, future: Any, max_span: int) -> None:
    """What must prove an absence is read in what windows there are, too."""
    simulator.set_dialect(future=future, max_span=max_span)
    simulator.add_payment(METER, "5.00", order_number="HA1")
    client.session.habits[Interface.CONSUMPTION].shown.add(Dates.TIMES)
    for _ in range(2):
        found = await client.get_payments(METER, TODAY - 2 * DAY, TODAY + DAY, complete=True)
        assert "HA1" in {item.order_number for item in found}


async def test_whole_list_without_today(client: Client, simulator: Simulator) -> None:
    """A list that may lack today proves nothing."""
    simulator.set_dialect(future="refuse", dates="date")
    simulator.add_payment(METER, "5.00", order_number="HA1", at=TODAY - DAY)
    session = client.session
    session.habits[Interface.PAYMENTS].window = QueryForm(Dates.DAYS, to_today=True)
    found = await client.get_payments(METER, TODAY - 2 * DAY, TODAY + DAY)
    assert "HA1" in {item.order_number for item in found}
    with pytest.raises(FailedError):
        await client.get_payments(METER, TODAY - 2 * DAY, TODAY + DAY, complete=True)


async def test_today_is_the_later_one(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """A window to the end of today has what came after midnight by the platform's clock."""
    simulator.set_dialect(future="refuse")
    simulator.advance(2 * 86400)
    simulator.add_payment(METER, "5.00", order_number="HA1")
    await client.get_meter(METER)
    found = await client.get_payments(METER, clock.now - DAY, clock.now + 3 * DAY)
    assert "HA1" in {item.order_number for item in found}


async def test_future_that_holds_nothing(client: Client, simulator: Simulator) -> None:
    """Nothing is asked of a platform that refuses the future, about the future."""
    simulator.set_dialect(future="refuse")
    with pytest.raises(FailedError):
        await client.get_payments(METER, TODAY + 5 * DAY, TODAY + 6 * DAY)
    assert len(simulator.calls_of("GetPaymentList")) == 1
    client.session.habits[Interface.PAYMENTS].window = QueryForm(to_today=True)
    assert await client.get_payments(METER, TODAY + 5 * DAY, TODAY + 6 * DAY) == []
    assert len(simulator.calls_of("GetPaymentList")) == 1


async def test_empty_lists_that_may_not_be_understood(client: Client, simulator: Simulator) -> None:
    """Where nothing was ever shown, dates are written otherwise once in a while."""
    simulator.set_dialect(dates="date", dates_unread="empty")
    # Long ago there was nothing: that an import found nothing there says nothing of dates.
    for _ in range(3):
        begin = TODAY - 300 * DAY
        assert await client.get_consumption(METER, begin, begin + 30 * DAY) == []
    assert asked(simulator) == ["33"] * 3
    found = [len(await month(client, code)) for code in list(simulator.meters)[:4]]
    assert found[:2] == [0, 0]
    assert min(found[2:3]) > 24 * 30
    # What the readings have shown is good for the payments.
    simulator.add_payment(METER, "5.00", order_number="HA1")
    payments = await client.get_payments(METER, TODAY - DAY, TODAY)
    assert "HA1" in {payment.order_number for payment in payments}
    assert asked(simulator, "GetPaymentList") == ["4+", "4+ dates"]


async def test_empty_list_that_a_reading_contradicts(client: Client, simulator: Simulator) -> None:
    """Where a meter has told of a reading in the span, the first empty list is not believed."""
    simulator.set_dialect(dates="date", dates_unread="empty")
    await client.get_meter(METER)
    assert await client.get_consumption(METER, TODAY - 35 * DAY, TODAY - 20 * DAY) == []
    assert len(await month(client)) > 24 * 30
    assert asked(simulator) == ["18", "38+", "38+ dates"]


async def test_lists_that_stay_empty(client: Client, simulator: Simulator) -> None:
    """A platform that keeps no readings is asked twice no more than once in a while."""
    for meter in simulator.meters.values():
        meter.record_filter = lambda _: []
    for code in list(simulator.meters)[:4]:
        await client.get_meter(code)
        assert await month(client, code) == []
    assert asked(simulator) == ["38+", "38+ dates", "38+", "38+", "38+ dates", "38+"]


@pytest.mark.parametrize(
    "fault",
    [Fault(kind="cut"), Fault(kind="status"), Fault(kind="code", code=1009), Fault(kind="html")],
    ids=lambda fault: fault.kind,
)
async def test_other_failures_are_about_no_window(
    client: Client, simulator: Simulator, fault: Fault
) -> None:
    """Nothing is tried after a failure that says nothing of windows."""
    fault.interface, fault.times = "GetConsumenList", 1
    simulator.add_fault(fault)
    with pytest.raises((PlatformError, NotPermittedError)):
        await month(client)
    assert asked(simulator) == ["38+"]


async def test_failure_while_searching(client: Client, simulator: Simulator) -> None:
    """A search that breaks off is over, and tells why."""
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetConsumenList"))
    simulator.add_fault(Fault(kind="status", interface="GetConsumenList"))
    with pytest.raises(PlatformError, match="HTTP status 500"):
        await month(client)
    assert asked(simulator) == ["38+", "37"]
    assert are_right(simulator, await month(client))


async def test_searches_at_once(
    client: Client, simulator: Simulator, make_session: Callable[..., Session]
) -> None:
    """Of two meters that are read at once, the second uses what the first one finds."""
    simulator.set_dialect(max_span=7)
    reads: list[Awaitable[list[Consumption]]] = [month(client, code) for code in (METER, OTHER)]
    for code, records in zip((METER, OTHER), await asyncio.gather(*reads), strict=True):
        assert are_right(simulator, records, code)
    assert asked(simulator).count("38+") == 2
    assert asked(simulator).count("37") == 1
    assert client.session.habits[Interface.CONSUMPTION].window == QueryForm(days=7, to_today=True)
    kept = client.session.as_dict()
    again = make_session().restore(kept)
    assert again.habits[Interface.CONSUMPTION].window == QueryForm(days=7, to_today=True)


def test_dates_are_of_china() -> None:
    """The tests' today is in China."""
    assert TODAY.utcoffset() == timedelta(hours=8)
    assert issubclass(IncompleteListError, PlatformError)
