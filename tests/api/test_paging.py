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
    return client.get_consumption(METER, NOON - 10 * DAY, NOON)


@pytest.mark.parametrize(
    ("dialect", "count"),
    [
        ({}, 1),
        ({"order": "descending"}, 1),
        ({"order": "shuffled"}, 1),
        ({"total_count": "string"}, 1),
        ({"total_count": "missing"}, 2),
        ({"total_count": "null"}, 2),
        ({"total_count": "zero"}, 2),
        ({"total_count": "low"}, 2),
        ({"page_cap": 100}, 3),
        ({"page_cap": 100, "order": "shuffled"}, 3),
        ({"page_cap": 100, "total_count": "page"}, 4),
        ({"page_cap": 100, "total_count": "missing"}, 4),
        ({"page_cap": 100, "total_count": "zero", "past_end": "first"}, 4),
    ],
    ids=str,
)
async def test_pages(
    client: Client, simulator: Simulator, dialect: dict[str, Any], count: int
) -> None:
    """Whatever the platform says of its pages, every record comes once."""
    simulator.set_dialect(**dialect)
    found = await ten_days(client)
    assert len(found) == 240
    expected = {record.read_time for record in simulator.meters[METER].records(NOON - 10 * DAY)}
    assert {record.time for record in found} <= expected
    assert len({record.time for record in found}) == 240
    assert numbers(simulator) == [*range(1, count + 1)]


async def test_round_number_of_records(client: Client, simulator: Simulator) -> None:
    """A page that may have been cut short is looked behind, unless a longer one came before."""
    records = [{"out_trade_no": str(number)} for number in range(200)]
    for data in (records[:100], [], records[:100], records[:200], records[:100], records):
        simulator.add_fault(data_fault(data, "GetPaymentList", totalCount=len(data)))
    found = [len(await client.get_payments(METER, NOON - DAY, NOON)) for _ in range(3)]
    assert found == [100, 100, 200]
    assert numbers(simulator, "GetPaymentList") == [1, 2, 1, 1, 2]


@pytest.mark.parametrize(
    ("dialect", "pages", "first"),
    [
        ({"total_count": "high"}, [1, 2, 0], 1),
        ({"total_count": "high", "past_end": "last"}, [1, 2, 0], 1),
        ({"total_count": "high", "past_end": "first"}, [1, 2, 0], 1),
        ({"page_cap": 100, "total_count": "high"}, [1, 2, 3, 4, 0], 1),
        ({"page_cap": 100, "total_count": "high", "past_end": "last"}, [1, 2, 3, 4, 0], 1),
        ({"first_page": 0}, [1, 0], 0),
        ({"first_page": 0, "page_cap": 100}, [1, 2, 3, 0], 0),
        ({"first_page": 0, "page_cap": 100, "order": "descending"}, [1, 2, 3, 0], 0),
        ({"first_page": 0, "page_cap": 100, "past_end": "last"}, [1, 2, 3, 0], 0),
    ],
    ids=str,
)
async def test_page_zero(
    client: Client, simulator: Simulator, dialect: dict[str, Any], pages: list[int], first: int
) -> None:
    """Where records are missing by the platform's own count, page 0 is asked for, once for all."""
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


async def test_page_zero_that_is_refused(client: Client, simulator: Simulator) -> None:
    """A platform that knows no page 0 counts from 1, and its list is as it was."""
    simulator.set_dialect(total_count="high")
    simulator.add_fault(Fault(kind="code", code=1001, interface="GetConsumenList", skip=2))
    assert len(await ten_days(client)) == 240
    assert client.session.habits[Interface.CONSUMPTION].first_page == 1


@pytest.mark.parametrize(
    ("dialect", "pages"),
    [
        ({}, [1, 2]),
        ({"total_count": "missing"}, [1, 2]),
        ({"total_count": "page", "page_cap": 2}, [1, 2, 3]),
        ({"page_cap": 1}, [1, 2, 3, 4]),
        ({"past_end": "last"}, [1, 2]),
        ({"first_page": 0, "page_cap": 1}, [1, 2, 3, 0]),
        ({"numbers": "nan"}, [1, 2]),
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


async def test_page_that_is_far_too_long(client: Client, simulator: Simulator) -> None:
    """A page of far more records than were asked for is refused before they fill the memory."""
    for count in (2 * MAX_PAGE_SIZE, 2 * MAX_PAGE_SIZE + 1):
        records = [{"out_trade_no": str(number)} for number in range(count)]
        simulator.add_fault(data_fault(records, "GetPaymentList"))
        simulator.add_fault(data_fault([], "GetPaymentList"))
    assert len(await client.get_payments(METER, NOON - DAY, NOON)) == 2 * MAX_PAGE_SIZE
    with pytest.raises(UnreadableReplyError, match="far more records than were asked for"):
        await client.get_payments(METER, NOON - DAY, NOON)


async def test_full_pages(client: Client, simulator: Simulator) -> None:
    """A full page is never the last one, whatever the total says."""
    records = [{"out_trade_no": str(number)} for number in range(MAX_PAGE_SIZE)]
    simulator.add_fault(data_fault(records, "GetPaymentList", totalCount=MAX_PAGE_SIZE))
    simulator.add_fault(data_fault([{"out_trade_no": "last"}], "GetPaymentList"))
    found = await client.get_payments(METER, NOON - DAY, NOON)
    assert len(found) == MAX_PAGE_SIZE + 1
    assert len(simulator.calls_of("GetPaymentList")) == 2


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
