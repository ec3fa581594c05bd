"""Tests of finding orders."""

from datetime import UTC, datetime, timedelta

from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.order_index import OrderIndex

from ..support.recharges import an_order

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def order(number: str, hours: int = 0, **values: object) -> Order:
    """Return an order that is confirmed unless it is said otherwise."""
    return an_order(number, **{"sent": NOON + hours * HOUR, "status": Status.CONFIRMED, **values})


def index(*orders: Order) -> OrderIndex:
    """Return an index of orders."""
    result = OrderIndex()
    for one in orders:
        result.put(one)
    return result


def numbers(orders: list[Order]) -> list[str]:
    """Return their numbers."""
    return [one.number for one in orders]


def test_in_the_order_of_time() -> None:
    """Test that orders are found by time, whichever came first, a clock that jumps included."""
    orders = index(order("B", 2), order("D", 100), order("A", 1), order("C", 3))
    assert numbers(orders.sent_since(NOON)) == ["A", "B", "C", "D"]
    assert numbers(orders.sent_since(NOON + 2 * HOUR)) == ["B", "C", "D"]
    assert numbers(orders.sent_since(NOON + 200 * HOUR)) == []


def test_by_meter_and_account() -> None:
    """Test that orders are found by their meter and by their account."""
    orders = index(
        order("A", 1, user_code="1", account_id="x"),
        order("B", 2, user_code="1", account_id="y"),
        order("C", 3, user_code="2", account_id="y"),
    )
    assert numbers(orders.of_meter("1")) == ["A", "B"]
    assert numbers(orders.of_meter("1", NOON + 2 * HOUR)) == ["B"]
    assert numbers(orders.of_account("y")) == ["B", "C"]
    assert numbers(orders.of_account("y", NOON + 3 * HOUR)) == ["C"]
    assert orders.of_meter("3") == orders.of_account("z") == []
    assert orders.accounts == {"x", "y"}


def test_changed() -> None:
    """Test that an order that changes is found as it is now, and only so."""
    orders = index(order("A", 1, account_id="x", status=Status.UNKNOWN))
    assert numbers(orders.unsettled) == ["A"]
    orders.put(order("A", 5, account_id="y"))
    assert orders.unsettled == orders.of_account("x") == []
    assert orders.accounts == {"y"}
    assert numbers(orders.sent_since(NOON + 4 * HOUR)) == ["A"]
    assert list(orders.by_number) == ["A"]


def test_unsettled() -> None:
    """Test that open and watched orders are found, oldest first."""
    orders = index(
        order("C", 3, status=Status.UNKNOWN),
        order("A", 1, watch_until=NOON),
        order("B", 2),
    )
    assert numbers(orders.unsettled) == ["A", "C"]
    assert numbers(orders.unsettled_of("2022040001")) == ["A", "C"]
    assert orders.unsettled_of("other") == []
    orders.put(order("C", 3, user_code="other", status=Status.UNKNOWN))
    assert numbers(orders.unsettled_of("other")) == ["C"]
    account_id = orders.by_number["C"].account_id
    assert numbers(orders.unsettled_of_account(account_id)) == ["A", "C"]
    assert numbers(orders.open_of_account(account_id)) == ["C"]
    assert orders.open_of_account("elsewhere") == []
    orders.put(order("C", 3, user_code="other"))
    assert orders.open_of_account(account_id) == []
    assert orders.unsettled_of("other") == []
    assert numbers(orders.unsettled) == ["A"]


def test_capitals() -> None:
    """Test that numbers are alike whichever way a platform shows them."""
    orders = index(order("Rent1"), order("RENT1"), order("rENT1"), order("Other"))
    assert sorted(numbers(orders.alike("rent1"))) == ["RENT1", "Rent1", "rENT1"]
    assert orders.alike("rent2") == []
    orders.drop(orders.by_number["Rent1"])
    assert sorted(numbers(orders.alike("rent1"))) == ["RENT1", "rENT1"]
    orders.drop(orders.by_number["rENT1"])
    orders.drop(orders.by_number["RENT1"])
    assert orders.alike("Rent1") == []


def test_dropped() -> None:
    """Test that nothing of a dropped order is found."""
    orders = index(order("A", 1, watch_until=NOON), order("B", 1))
    orders.drop(orders.by_number["A"])
    assert numbers(orders.sent_since(NOON)) == numbers(orders.of_meter("2022040001")) == ["B"]
    assert orders.unsettled == []
    assert list(orders.by_number) == ["B"]
