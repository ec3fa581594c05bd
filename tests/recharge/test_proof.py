"""Tests of what a list of payments and the balance prove about an order."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import Payment
from custom_components.jrhsz.recharge.delays import ListDelays
from custom_components.jrhsz.recharge.order import Order, Rise, Source, Status
from custom_components.jrhsz.recharge.proof import Look, examined, probable, unclaimed, unexplained

from ..support.orders import DAY, SENT, confirmed, listed, look, order, payment

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OURS = "HA0123456789ABCDEFGHIJKLMNOP"
NOBODY = ListDelays.of([], has_shown=True)
USUAL = ListDelays.of(listed(3), has_shown=True)


def after_looks(
    sent: Order, *looks: Look, others: tuple[Order, ...] = (), delays: ListDelays = NOBODY
) -> Order:
    """Return what looks make of an order, one after the other."""
    for one in looks:
        sent = examined(sent, one, others, delays)
    return sent


def evenly(wait: timedelta, *payments: Any, **details: Any) -> list[Look]:
    """Return three looks, evenly apart, the last one after the wait."""
    return [look(wait * share / 3, *payments, **details) for share in (1, 2, 3)]


# Found.


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("Mine1", "Mine1"),
        ("rent2026", "RENT2026"),
        ("RENT2026", "rent2026"),
        (OURS, OURS.lower()),
        (OURS, f"API-{OURS}-1"),
    ],
)
def test_found(number: str, shown: str) -> None:
    """Test that a payment of the order's number and amount confirms it, in whatever capitals."""
    found = examined(
        order(number, code=1001, message="失败"), look(MINUTE, payment(shown)), [], NOBODY
    )
    assert (found.status, found.source, found.message) == ("confirmed", "payments", "")
    assert found.listed_at == SENT + MINUTE
    assert found.watch_until is None


@pytest.mark.parametrize(
    ("number", "shown", "amount"),
    [
        ("Mine1", "Mine1", "19.00"),
        ("Mine1", "X-Mine1", "20.00"),
        ("1", "jrh2026112400001", "20.00"),
        ("20261124", "jrh2026112400001", "20.00"),
        (OURS, OURS, None),
        (OURS, f"{OURS}X", "19.80"),
    ],
)
def test_mentioned(number: str, shown: str, amount: str | None) -> None:
    """Test that a number inside another one, or another amount, settles nothing for ever."""
    sent = order(number, code=1008)
    assert after_looks(sent, *evenly(MINUTE, payment(shown, amount))) == sent


def test_number_of_another_order() -> None:
    """Test that a number which is that of another order doesn't mention this one."""
    other = confirmed("Mine10", "30.00")
    rejected = after_looks(
        order(code=1008), *evenly(MINUTE, payment("Mine10", "30.00")), others=(other,)
    )
    assert rejected.status == "rejected"


def test_found_after_it_was_rejected() -> None:
    """Test that what was believed is corrected."""
    believed = order(status=Status.REJECTED, source=Source.PAYMENTS, watch_until=SENT + 7 * DAY)
    found = examined(believed, look(HOUR, payment("Mine1")), [], NOBODY)
    assert (found.status, found.source, found.watch_until) == ("confirmed", "payments", None)


def test_credited_order_is_listed() -> None:
    """Test that a credit stays one by the platform's own answer, and when it was listed is kept."""
    found = examined(confirmed(doubted=True), look(HOUR, payment("Mine1")), [], NOBODY)
    assert (found.status, found.source, found.doubted) == ("confirmed", "answer", False)
    assert (found.listed_at, found.watch_until) == (SENT + HOUR, None)


# Absent.


@pytest.mark.parametrize("code", [1002, 1005, 1006, 1007, 1008, 1009])
def test_door_check(code: int) -> None:
    """Test that an order that the door-check refused is rejected a minute after the answer."""
    sent = order(code=code, message="拒绝")
    one, two, three = evenly(MINUTE)
    assert after_looks(sent, one, two).status == "unknown"
    rejected = after_looks(sent, one, two, three)
    assert (rejected.status, rejected.source, rejected.message) == ("rejected", "payments", "拒绝")
    assert rejected.watch_until == three.at + 7 * DAY


@pytest.mark.parametrize(
    ("delays", "wait"),
    [
        (NOBODY, 10 * MINUTE),
        (ListDelays.of([], has_shown=False), 60 * MINUTE),
        (USUAL, MINUTE),
        (ListDelays.of(listed(3, 8 * HOUR), has_shown=True), 8 * HOUR),
    ],
)
def test_failure(delays: ListDelays, wait: timedelta) -> None:
    """Test that after 1001 it takes as long as the list may be late."""
    one, two, three = evenly(wait)
    assert after_looks(order(code=1001), one, two, delays=delays).status == "unknown"
    early = replace(three, at=three.at - SECOND)
    assert after_looks(order(code=1001), one, two, early, delays=delays).status == "unknown"
    assert after_looks(order(code=1001), one, two, three, delays=delays).status == "rejected"


def test_looks_at_once_count_as_one() -> None:
    """Test that looks that aren't evenly apart prove no more than one does."""
    presses = [look(10 * MINUTE + index * SECOND) for index in range(5)]
    pressed = after_looks(order(code=1001), *presses)
    assert (pressed.status, pressed.absences) == ("unknown", 1)
    assert after_looks(pressed, look(12 * MINUTE)).absences == 1
    again = after_looks(pressed, look(12.5 * MINUTE))
    assert (again.absences, again.counted_at) == (2, SENT + 12.5 * MINUTE)
    assert after_looks(again, look(14 * MINUTE)).status == "unknown"
    assert after_looks(again, look(15 * MINUTE)).status == "rejected"


@pytest.mark.parametrize("code", [None, 4711, 429, 500])
def test_other_answers(code: int | None) -> None:
    """Test that absence proves nothing after any other answer."""
    looks = [look(index * HOUR) for index in range(1, 200)]
    assert after_looks(order(code=code), *looks, delays=USUAL).status == "unknown"


def test_after_a_lost_order() -> None:
    """Test that only a person decides where a credited order was never listed."""
    lost = confirmed("A", sent=SENT - 2 * DAY, absent_at=SENT - 2 * DAY + 26 * HOUR)
    delays = ListDelays.of([*listed(3), lost], has_shown=True)
    looks = [look(index * HOUR) for index in range(1, 60)]
    assert after_looks(order(code=1008), *looks, delays=delays).status == "unknown"


@pytest.mark.parametrize(
    "details",
    [
        {"is_complete": False},
        {"platform": "platform.example/b"},
        {"platform": "10.0.0.1"},
        {"span": (SENT - 2 * DAY, SENT + 23 * HOUR)},
        {"span": (SENT - 23 * HOUR, SENT + 2 * DAY)},
    ],
)
def test_lists_that_prove_nothing(details: dict[str, Any]) -> None:
    """Test that a list that isn't whole, of another platform or of another time doesn't count."""
    looked = after_looks(order(code=1008), *evenly(MINUTE, **details))
    assert (looked.status, looked.absences, looked.absent_at) == ("unknown", 0, None)


def test_window_by_the_platforms_clock() -> None:
    """Test that a list must be about the time that the platform's clock showed, too."""
    ahead = order(code=1008, platform_time=SENT + 2 * DAY)
    assert after_looks(ahead, *evenly(MINUTE)).absences == 0
    wider = (SENT - 2 * DAY, SENT + 3 * DAY)
    assert after_looks(ahead, *evenly(MINUTE, span=wider)).status == "rejected"


def test_clock_set_back() -> None:
    """Test that looks from before the answer don't count."""
    assert after_looks(order(code=1008), *evenly(-MINUTE)).absences == 0


# Payments of the same amount.


def in_time(**details: Any) -> Order:
    """Return an order that was sent when the platform's clock is known to have shown the same."""
    return order(**{"code": 1008, "platform_time": SENT, **details})


def suspects(payments: list[Payment], *others: Order, sent: Order | None = None) -> list[Payment]:
    """Return the payments that may be those of an order."""
    return unclaimed(sent or in_time(), payments, others, SENT - DAY)


@pytest.mark.parametrize(
    "time",
    [SENT, None, SENT - HOUR, SENT + 10 * DAY],
)
@pytest.mark.parametrize("number", ["jrh2026112412000000001", ""])
@pytest.mark.parametrize("amount", ["20.00", None])
def test_payment_of_the_amount(time: datetime | None, number: str, amount: str | None) -> None:
    """Test that a payment which may be of the amount, and nothing explains, leaves it open."""
    other = payment(number, amount=amount, time=time)
    looked = after_looks(in_time(), *evenly(MINUTE, other))
    assert (looked.status, looked.absences) == ("unknown", 3)
    assert suspects([other]) == [other]
    # Once it bears the number of another order it hints at nothing.
    explained = payment("Mine2", amount=amount, time=time)
    assert after_looks(looked, look(HOUR, explained), others=(confirmed("Mine2"),)).status == (
        "rejected"
    )


@pytest.mark.parametrize(
    "other",
    [payment(amount="20.01"), payment(time=SENT - HOUR - SECOND)],
)
def test_other_payments(other: Payment) -> None:
    """Test that other payments, and those of long before, hint at nothing."""
    assert after_looks(in_time(), *evenly(MINUTE, other)).status == "rejected"


def test_payments_by_a_clock_that_is_not_known() -> None:
    """Test that without the platform's clock payments count from the earliest hint at it on."""
    behind = payment(time=SENT - DAY - HOUR)
    assert suspects([behind]) == []
    assert suspects([behind], sent=order()) == [behind]
    assert suspects([payment(time=SENT - DAY - HOUR - SECOND)], sent=order()) == []


def test_what_explains_a_payment() -> None:
    """Test that each credited order explains one payment: by its number, or one of its time."""
    shown, hidden = confirmed("Shown"), confirmed("Hidden", sent=SENT + 30 * MINUTE)
    rejected = order("No", status=Status.REJECTED, sent=SENT + 30 * MINUTE)
    theirs = payment("other1", time=SENT + 31 * MINUTE)
    again = payment("other2", time=SENT + 32 * MINUTE)
    payments = [payment("Shown"), again, theirs]
    assert suspects(payments, shown, hidden, rejected) == [again]
    assert suspects(payments, shown, rejected) == [again, theirs]
    assert suspects([payment("Shown")], shown, hidden) == []
    unread = payment("other3", amount=None, time=SENT + 31 * MINUTE)
    assert suspects([unread], hidden) == [unread]
    # One of another amount, or of another time, explains nothing.
    for other in (
        confirmed("C", "21.00", sent=SENT + 30 * MINUTE),
        confirmed("C", sent=SENT + 45 * MINUTE),
    ):
        assert suspects([theirs], other) == [theirs]


def test_payment_that_is_nearer_to_this_order() -> None:
    """Test that an earlier order whose payment isn't listed yet doesn't explain this one's."""
    before = confirmed("A", sent=SENT - 5 * MINUTE)
    assert suspects([payment(time=SENT + SECOND)], before) == [payment(time=SENT + SECOND)]
    assert suspects([payment(time=SENT - 4 * MINUTE)], before) == []


def test_probable() -> None:
    """Test that payments near the order, of its amount and nobody else's number, are shown."""
    near = [payment(time=SENT - HOUR), payment("b", time=SENT + HOUR)]
    others = [
        payment(time=SENT + HOUR + SECOND),
        payment(time=None),
        payment(amount="20.01"),
        payment("Known"),
    ]
    assert probable(order(), [*others, *near], lambda number: number == "Known") == near


# The balance.


def rising(*rises: tuple[float, str], **details: Any) -> Order:
    """Return an order since which the balance rose, at minutes after it was sent."""
    balance, seen = Decimal("100.00"), []
    for minutes, amount in rises:
        at = SENT + minutes * MINUTE
        seen.append(Rise(at, balance, balance := balance + Decimal(amount)))
    return order(**{"code": 1008, "rises": tuple(seen), **details})


@pytest.mark.parametrize(
    ("rise", "expected"), [("20.00", "unknown"), ("10.00", "unknown"), ("9.99", "rejected")]
)
def test_rise_of_the_balance(rise: str, expected: str) -> None:
    """Test that a rise by half the amount that nothing explains leaves the order open."""
    assert after_looks(rising((0.5, rise)), *evenly(MINUTE)).status == expected


def test_rise_that_a_payment_explains() -> None:
    """Test that somebody else's payment explains as much of a rise as it is of."""
    paid = payment(amount="50.00", time=SENT + MINUTE)
    explained = rising((2, "50.00"), code=1001)
    assert after_looks(explained, *evenly(10 * MINUTE, paid)).status == "rejected"
    both = rising((2, "70.00"), code=1001)
    assert unexplained(both, [paid], []) == 20
    assert after_looks(both, *evenly(10 * MINUTE, paid)).status == "unknown"


@pytest.mark.parametrize(
    "other",
    [
        payment(amount="50.00", time=SENT - SECOND),
        payment(amount="50.00", time=SENT + HOUR),
        payment(amount="50.00", time=None),
        payment(amount=None),
    ],
)
def test_payments_that_explain_no_rise(other: Any) -> None:
    """Test that a payment of before, or of later, explains no rise."""
    assert unexplained(rising((2, "20.00")), [other], []) == 20


def test_rise_before_another_payment() -> None:
    """Test that the use and payments of later don't hide a rise that nothing explained."""
    seen = replace(rising((1, "20.00")), balance_seen=Decimal("60.00"))
    seen = replace(
        seen, rises=(*seen.rises, Rise(SENT + HOUR, Decimal("60.00"), Decimal("110.00")))
    )
    assert unexplained(seen, [payment(amount="50.00", time=SENT + HOUR)], []) == 20


def test_rise_by_the_platforms_clock() -> None:
    """Test that payments are compared with a rise by one clock."""
    ahead = rising((2, "50.00"), platform_time=SENT + 2 * DAY)
    paid = payment(amount="50.00", time=SENT + 2 * DAY + MINUTE)
    assert unexplained(ahead, [paid], []) == 0


def test_rise_by_another_order() -> None:
    """Test that a later order of ours explains a rise, and one that was on its way does not."""
    assert unexplained(rising((2, "30.00"), awaited=Decimal("30.00")), [], []) == 30
    later = confirmed("B", "30.00", sent=SENT + MINUTE)
    assert unexplained(rising((2, "30.00")), [], [later]) == 0
    # It is counted once.
    shown = payment("B", "30.00", SENT + MINUTE)
    assert unexplained(rising((2, "60.00")), [shown], [later]) == 30


# Doubt.


def test_doubted() -> None:
    """Test that a credit that three lists over 26 hours lack becomes a question, once."""
    one, two, three = evenly(26 * HOUR)
    assert not after_looks(confirmed(), one, two, delays=USUAL).doubted
    doubted = after_looks(confirmed(), one, two, three, delays=USUAL)
    assert (doubted.status, doubted.source, doubted.doubted) == ("confirmed", "answer", True)
    assert doubted.watch_until == three.at + 7 * DAY
    again = after_looks(doubted, look(27 * HOUR), delays=USUAL)
    assert again == replace(doubted, absent_at=SENT + 27 * HOUR)


@pytest.mark.parametrize("hint", ["payment", "rise", "numbers", "looks", "delay"])
def test_not_doubted(hint: str) -> None:
    """Test that a credit isn't doubted while anything speaks for it."""
    sent, payments, delays, wait = confirmed(), [], USUAL, 26 * HOUR
    match hint:
        case "payment":
            payments = [payment()]
        case "rise":
            sent = replace(rising((2, "20.00")), status=Status.CONFIRMED, watch_until=SENT + DAY)
        case "numbers":
            delays = NOBODY
        case "looks":
            wait = 20 * HOUR
        case "delay":
            delays = ListDelays.of(listed(1, 40 * HOUR), has_shown=True)
    assert not after_looks(sent, *evenly(wait, *payments), delays=delays).doubted


def test_end_of_following() -> None:
    """Test that a credit isn't looked for any more once nothing can be learnt of it."""
    nothing_listed = after_looks(confirmed(), look(8 * HOUR), look(26 * HOUR))
    assert (nothing_listed.watch_until, nothing_listed.absent_at) == (None, SENT + 26 * HOUR)
    believed = after_looks(confirmed(), *evenly(26 * HOUR, payment()), delays=USUAL)
    assert (believed.watch_until, believed.doubted) == (None, False)


def test_lists_of_all_sizes_teach() -> None:
    """Test that the last whole list that lacked a credited order is kept."""
    followed = after_looks(confirmed(), look(MINUTE), look(3 * MINUTE))
    assert (followed.absent_at, followed.absences) == (SENT + 3 * MINUTE, 0)
    found = after_looks(followed, look(10 * MINUTE, payment("Mine1")))
    assert (found.absent_at, found.listed_at) == (SENT + 3 * MINUTE, SENT + 10 * MINUTE)


# The word of a person.


def told(*, credited: bool) -> Order:
    """Return an order that a person closed, to be watched for a week."""
    status = Status.CONFIRMED if credited else Status.REJECTED
    return order(status=status, source=Source.PERSON, watch_until=SENT + 7 * DAY)


def test_person_was_wrong() -> None:
    """Test that at the end of the watch lists that lack it disprove what a person said."""
    looks = [look(index * DAY) for index in range(1, 8)]
    corrected = after_looks(told(credited=True), *looks, delays=USUAL)
    assert (corrected.status, corrected.source) == ("rejected", "payments")
    assert corrected.watch_until is None
    assert after_looks(told(credited=True), *looks[:-1], delays=USUAL).status == "confirmed"


@pytest.mark.parametrize("delays", [NOBODY, ListDelays.of([], has_shown=False)])
def test_person_is_believed(delays: ListDelays) -> None:
    """Test that what a person said stands where nothing is proven."""
    looks = [look(index * DAY) for index in range(1, 8)]
    closed = after_looks(told(credited=True), *looks, delays=delays)
    assert (closed.status, closed.source, closed.watch_until) == ("confirmed", "person", None)


def test_watch_waits_for_a_whole_list() -> None:
    """Test that the watch ends a day later if there is no whole list at its end."""
    watched = told(credited=False)
    assert after_looks(watched, look(7 * DAY, is_complete=False)) == watched
    assert after_looks(watched, look(7 * DAY)).watch_until is None
    assert after_looks(watched, look(8 * DAY, is_complete=False)).watch_until is None
