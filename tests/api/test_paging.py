"""Tests of lists with windows and pages, over sockets."""

from collections.abc import Awaitable
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    MAX_PAGE_SIZE,
    Client,
    Consumption,
    ExchangeError,
    Interface,
    PlatformError,
    Priority,
    Turn,
    UnreadableReplyError,
)
from custom_components.jrhsz.api.window import Dates
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER, NOON, data_fault


@pytest.mark.parametrize("begin_inclusive", [True, False])
@pytest.mark.parametrize("end_inclusive", [True, False])
async def test_ends_of_the_window(
    client: Client,
    simulator: Simulator,
    begin_inclusive: bool,  # noqa: FBT001  parametrized
    end_inclusive: bool,  # noqa: FBT001  parametrized
) -> None:
    """Whatever the platform does at its ends, ours belong to the span."""
    simulator.set_dialect(begin_inclusive=begin_inclusive, end_inclusive=end_inclusive)
    records = simulator.meters[METER].records(NOON - DAY, NOON)
    begin, end = records[0].read_time, records[-1].read_time
    found = await client.get_consumption(METER, begin, end)
    assert [record.time for record in found] == [record.read_time for record in records]


async def test_records_without_a_time_are_kept(client: Client, simulator: Simulator) -> None:
    """Whether they lie in the span can't be told."""
    simulator.set_dialect(times="zero")
    found = await client.get_consumption(METER, NOON - DAY, NOON)
    assert len(found) > 24
    assert {record.time for record in found} == {None}


def numbers(simulator: Simulator, name: str = "GetConsumenList") -> list[int]:
    """Return the numbers of the pages that were asked for."""
    return [int(call.params["pageNo"]) for call in simulator.calls_of(name)]


def ten_days(client: Client) -> Awaitable[list[Consumption]]:
    """Ask for ten days."""
    return client.get_consumption(METER, NOON - 10 * DAY, NOON, Turn(Priority.HISTORY))


@pytest.mark.parametrize(
    ("dialect", "pages", "later"),
    [
        ({}, [1, 2, 0], [1]),
        ({"order": "descending"}, [1, 2, 0], [1]),
        ({"order": "shuffled"}, [1, 2, 0], [1]),
        ({"total_count": "string"}, [1, 2, 0], [1]),
        ({"total_count": "missing"}, [1, 2, 0], [1, 2]),
        ({"total_count": "null"}, [1, 2, 0], [1, 2]),
        ({"total_count": "zero"}, [1, 2, 0], [1, 2]),
        ({"total_count": "low"}, [1, 2, 0], [1, 2]),
        ({"page_cap": 100}, [1, 2, 3], [1, 2, 3]),
        ({"page_cap": 100, "order": "shuffled"}, [1, 2, 3], [1, 2, 3]),
        ({"page_cap": 100, "total_count": "page"}, [1, 2, 3, 4, 0], [1, 2, 3, 4]),
        ({"page_cap": 100, "total_count": "missing"}, [1, 2, 3, 4, 0], [1, 2, 3, 4]),
        ({"page_cap": 7, "total_count": "missing"}, [*range(1, 45), 0], [*range(1, 44)]),
        ({"page_cap": 7, "total_count": "page"}, [*range(1, 45), 0], [*range(1, 45)]),
        (
            {"page_cap": 100, "total_count": "zero", "past_end": "first"},
            [1, 2, 3, 4, 0],
            [1, 2, 3, 4],
        ),
    ],
    ids=str,
)
async def test_pages(
    client: Client,
    simulator: Simulator,
    dialect: dict[str, Any],
    pages: list[int],
    later: list[int],
) -> None:
    """Whatever the platform says of its pages, every record comes once."""
    simulator.set_dialect(**dialect)
    expected = {record.read_time for record in simulator.meters[METER].records(NOON - 10 * DAY)}
    for asked in (pages, later):
        simulator.reset_counts()
        found = await ten_days(client)
        assert len(found) == len({record.time for record in found}) == 240
        assert {record.time for record in found} <= expected
        assert numbers(simulator) == asked
        await client.get_consumption(METER, NOON - 12 * DAY, NOON, Turn(Priority.HISTORY))
    assert client.session.habits[Interface.CONSUMPTION].first_page == 1


def page_of(count: int, **fields: Any) -> Fault:
    """Return what lets a page of payments have so many records."""
    records = [{"out_trade_no": str(number)} for number in range(count)]
    return data_fault(records, "GetPaymentList", totalCount=count, **fields)


async def how_many(client: Client, priority: Priority = Priority.HISTORY) -> int:
    """Return how many payments there are."""
    return len(await client.get_payments(METER, NOON - DAY, NOON, Turn(priority)))


@pytest.mark.usefixtures("known_pages")
async def test_page_that_may_have_been_cut(client: Client, simulator: Simulator) -> None:
    """Behind a page is looked unless longer ones came, or whole lists of that length, often."""
    client.session.habits[Interface.PAYMENTS].longest_page = 0
    for _ in range(3):
        simulator.add_fault(page_of(24))
        simulator.add_fault(page_of(0))
    for count in (24, 23, 25, 0):
        simulator.add_fault(page_of(count))
    assert [await how_many(client) for _ in range(6)] == [24, 24, 24, 24, 23, 25]
    assert numbers(simulator, "GetPaymentList") == [1, 2, 1, 2, 1, 2, 1, 1, 1, 2]


@pytest.mark.usefixtures("known_pages")
async def test_whole_list_that_is_as_long_as_a_page(client: Client, simulator: Simulator) -> None:
    """A list that ended with its only page, which is as long as any, proves no more than that."""
    client.session.habits[Interface.PAYMENTS].longest_page = 0
    records = [{"out_trade_no": str(number)} for number in range(17)]
    for data in (records[:7], [], records[:7], records[7:14], records[14:], records[:7], []):
        simulator.add_fault(data_fault(data, "GetPaymentList", totalCount=len(data)))
    simulator.add_fault(data_fault([], "GetPaymentList", totalCount=0))
    assert [await how_many(client) for _ in range(2)] == [7, 17]
    assert client.session.habits[Interface.PAYMENTS].page_cap == 7


@pytest.mark.parametrize(
    ("sizes", "pages"), [((17, 0), [1]), ((20, 5, 0, 0), [1, 2, 3, 0]), ((0,), [1])], ids=str
)
async def test_somebody_who_waits(
    client: Client, simulator: Simulator, sizes: tuple[int, ...], pages: list[int]
) -> None:
    """A count that may be right is believed, unless pages are often cut at such a length."""
    at = 0
    for size in sizes:
        records = [{"out_trade_no": str(number)} for number in range(at, at + size)]
        simulator.add_fault(data_fault(records, "GetPaymentList", totalCount=size))
        at += size
    found = await how_many(client, Priority.USER)
    assert (found, numbers(simulator, "GetPaymentList")) == (sum(sizes[: len(pages)]), pages)


@pytest.mark.parametrize(
    ("dialect", "pages", "first"),
    [
        ({"total_count": "high"}, [1, 2, 0], 1),
        ({"total_count": "high", "past_end": "last"}, [1, 2, 0], 1),
        ({"total_count": "high", "past_end": "first"}, [1, 2, 0], 1),
        ({"page_cap": 100, "total_count": "high"}, [1, 2, 3, 4, 0], 1),
        ({"page_cap": 100, "total_count": "high", "past_end": "last"}, [1, 2, 3, 4, 0], 1),
        ({"page_cap": 100, "total_count": "null", "page_zero": "empty"}, [1, 2, 3, 4, 0], 1),
        ({"first_page": 0}, [1, 0], 0),
        ({"first_page": 0, "total_count": "page"}, [1, 0], 0),
        ({"first_page": 0, "total_count": "zero"}, [1, 0], 0),
        ({"first_page": 0, "total_count": "missing"}, [1, 0], 0),
        ({"first_page": 0, "total_count": "null", "empty_list": "failure"}, [1, 0], 0),
        ({"first_page": 0, "page_cap": 100}, [1, 2, 3, 0], 0),
        ({"first_page": 0, "page_cap": 100, "order": "descending"}, [1, 2, 3, 0], 0),
        ({"first_page": 0, "page_cap": 100, "past_end": "last"}, [1, 2, 3, 0], 0),
        ({"first_page": 0, "page_cap": 100, "total_count": "page"}, [1, 2, 3, 0], 0),
        (
            {"first_page": 0, "page_cap": 7, "total_count": "null", "past_end": "last"},
            [*range(1, 44), 0],
            0,
        ),
    ],
    ids=str,
)
async def test_page_zero(
    client: Client, simulator: Simulator, dialect: dict[str, Any], pages: list[int], first: int
) -> None:
    """Where records may be missing, page 0 is asked for, once for all."""
    simulator.set_dialect(**dialect)
    found = await ten_days(client)
    assert len({record.time for record in found}) == len(found) == 240
    assert numbers(simulator) == pages
    habits = client.session.habits[Interface.CONSUMPTION]
    assert habits.first_page == first
    simulator.reset_counts()
    assert {record.time for record in await ten_days(client)} == {record.time for record in found}
    assert numbers(simulator)[0] == first
    assert (0 in numbers(simulator)) is (first == 0)


@pytest.mark.parametrize(
    "refusal",
    [
        {"kind": "code", "code": 1001},
        {"kind": "code", "code": 1008},
        {"kind": "code", "code": 4711},
        {"kind": "status"},
        {"kind": "html"},
    ],
    ids=lambda refusal: str(refusal.get("code", refusal["kind"])),
)
async def test_page_zero_that_is_refused(
    client: Client, simulator: Simulator, refusal: dict[str, Any]
) -> None:
    """A platform that knows no page 0 counts from 1; one refusal may be that of any call."""
    habits = client.session.habits[Interface.CONSUMPTION]
    for first_page in (None, None, 1, 1):
        simulator.clear_faults()
        simulator.add_fault(Fault(**refusal, interface="GetConsumenList", skip=2, times=2))
        assert len(await ten_days(client)) == 240
        assert habits.first_page == first_page


@pytest.mark.parametrize("first", [0, 1])
async def test_pages_past_the_end_that_repeat_the_last(
    client: Client, simulator: Simulator, first: Any
) -> None:
    """The only page is the last one too: nothing is missing, and nothing is learnt at once."""
    simulator.set_dialect(first_page=first, past_end="last", total_count="null")
    for _ in range(2):
        assert len(await ten_days(client)) == 240
    assert numbers(simulator) == [1, 2, 1, 2]
    simulator.set_dialect(page_cap=100)
    assert len(await ten_days(client)) == 240
    assert client.session.habits[Interface.CONSUMPTION].first_page == first


async def test_no_page_zero_where_another_list_has_none(
    client: Client, simulator: Simulator
) -> None:
    """An empty list tells nothing of pages; that of readings does."""
    no_payments = Fault(
        kind="wrong",
        interface="GetPaymentList",
        times=None,
        reply={"code": 200, "data": [], "totalCount": 0},
    )
    simulator.add_fault(no_payments)
    assert await how_many(client) == 0
    assert numbers(simulator, "GetPaymentList") == [1, 0]
    await ten_days(client)
    simulator.reset_counts()
    assert await how_many(client) == 0
    assert numbers(simulator, "GetPaymentList") == [1]


async def test_count_of_an_empty_list_that_is_too_high(
    client: Client, simulator: Simulator
) -> None:
    """Where neither page has anything, nothing is learnt of pages: the next list is read whole."""
    simulator.set_dialect(first_page=0, total_count="high")
    begin = NOON - 30 * DAY
    meter = simulator.meters[METER]
    meter.record_filter = lambda _: []
    assert await client.get_consumption(METER, begin, NOON) == []
    assert numbers(simulator) == [1, 0]
    meter.record_filter = None
    assert len(await ten_days(client)) == 240
    assert client.session.habits[Interface.CONSUMPTION].first_page == 0


@pytest.mark.parametrize("kind", ["cut", "quota", "429"])
async def test_page_zero_that_never_came(client: Client, simulator: Simulator, kind: str) -> None:
    """What says nothing of the page is no answer: the list is asked for again."""
    faults: dict[str, dict[str, Any]] = {
        "cut": {"kind": "cut"},
        "quota": {"kind": "code", "code": 1001, "msg": "今日调用次数已达上限"},
        "429": {"kind": "status", "status": 429},
    }
    simulator.set_dialect(first_page=0, total_count="zero")
    simulator.add_fault(Fault(**faults[kind], interface="GetConsumenList", skip=1, times=2))
    with pytest.raises(PlatformError):
        await ten_days(client)
    assert client.session.habits[Interface.CONSUMPTION].first_page is None


@pytest.mark.parametrize(
    ("dialect", "pages"),
    [
        ({}, [1, 2, 0]),
        ({"total_count": "missing"}, [1, 2, 0]),
        ({"total_count": "page", "page_cap": 2}, [1, 2, 3, 0]),
        ({"page_cap": 1}, [1, 2, 3, 4]),
        ({"past_end": "last"}, [1, 2]),
        ({"first_page": 0, "page_cap": 1}, [1, 2, 3, 0]),
        ({"first_page": 0, "total_count": "zero"}, [1, 0]),
        ({"numbers": "nan"}, [1, 2, 0]),
    ],
    ids=str,
)
async def test_list_that_proves_an_absence(
    client: Client, simulator: Simulator, dialect: dict[str, Any], pages: list[int]
) -> None:
    """The end of the list is seen, not believed."""
    for minute in range(3):
        simulator.add_payment(METER, "1", at=NOON - minute * DAY / 1440)
    client.session.habits[Interface.PAYMENTS].shown.add(Dates.TIMES)
    simulator.set_dialect(**dialect)
    found = await client.get_payments(METER, NOON - DAY / 24, NOON, complete=True)
    assert len(found) == 3
    assert numbers(simulator, "GetPaymentList") == pages


@pytest.mark.usefixtures("known_pages")
async def test_page_that_is_far_too_long(client: Client, simulator: Simulator) -> None:
    """A page of far more records than were asked for is refused before they fill the memory."""
    for count in (2 * MAX_PAGE_SIZE, 2 * MAX_PAGE_SIZE + 1):
        records = [{"out_trade_no": str(number)} for number in range(count)]
        simulator.add_fault(data_fault(records, "GetPaymentList"))
        simulator.add_fault(data_fault([], "GetPaymentList"))
    assert len(await client.get_payments(METER, NOON - DAY, NOON)) == 2 * MAX_PAGE_SIZE
    with pytest.raises(UnreadableReplyError, match="far more records than were asked for"):
        await client.get_payments(METER, NOON - DAY, NOON)


@pytest.mark.usefixtures("known_pages")
async def test_full_pages(client: Client, simulator: Simulator) -> None:
    """A full page is never the last one, whatever the total says."""
    records = [{"out_trade_no": str(number)} for number in range(MAX_PAGE_SIZE)]
    simulator.add_fault(data_fault(records, "GetPaymentList", totalCount=MAX_PAGE_SIZE))
    simulator.add_fault(data_fault([{"out_trade_no": "last"}], "GetPaymentList"))
    found = await client.get_payments(METER, NOON - DAY, NOON)
    assert len(found) == MAX_PAGE_SIZE + 1
    assert len(simulator.calls_of("GetPaymentList")) == 2


@pytest.mark.usefixtures("known_pages")
async def test_no_more_than_two_hundred_pages(client: Client, simulator: Simulator) -> None:
    """A list without an end ends."""
    for number in range(205):
        simulator.add_fault(
            data_fault([{"out_trade_no": str(number)}], "GetPaymentList", totalCount=0)
        )
    found = await client.get_payments(METER, NOON - DAY, NOON)
    assert [payment.order_number for payment in found] == [str(number) for number in range(200)]
    assert len(simulator.calls_of("GetPaymentList")) == 200


async def test_record_that_moves_to_the_next_page(client: Client, simulator: Simulator) -> None:
    """Alike on one page are two; on two pages it is one that moved while we turned the page."""
    twice = {"out_trade_no": "1", "total_fee": "5"}
    pages = ([twice, twice], [twice, {"out_trade_no": "2"}], [{"out_trade_no": "2"}])
    for page in pages:
        simulator.add_fault(data_fault(page, "GetPaymentList", totalCount=4))
    found = await client.get_payments(METER, NOON - DAY, NOON)
    assert [payment.order_number for payment in found] == ["1", "1", "2"]
    assert numbers(simulator, "GetPaymentList") == [1, 2, 3, 0]


async def test_page_that_fails(client: Client, simulator: Simulator) -> None:
    """A list with a page missing is no list."""
    simulator.set_dialect(page_cap=100)
    simulator.add_fault(Fault(kind="cut", interface="GetConsumenList", skip=1, times=2))
    with pytest.raises(ExchangeError):
        await ten_days(client)


async def test_token_ends_between_pages(client: Client, simulator: Simulator) -> None:
    """The page is asked for again, not the list."""
    simulator.set_dialect(page_cap=100)
    simulator.add_fault(Fault(kind="code", code=1007, interface="GetConsumenList", skip=1))
    assert len(await ten_days(client)) == 240
    assert numbers(simulator) == [1, 2, 2, 3]
