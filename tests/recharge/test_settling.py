"""Tests of how orders are settled on the whole way: what is claimed, when, and what is said."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.recharge.issues import open_orders_issue
from custom_components.jrhsz.recharge.order import Order
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, set_up, wait_for
from ..support.recharges import (
    METER,
    OTHER,
    answer,
    credited,
    fix,
    in_virtual_time,
    lists_our_orders,
    look_up_all,
    orders_of,
    recharge,
    restart_process,
    set_clock,
)


@pytest.fixture
async def simulator(socket_enabled: None, freezer: Any) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters, whose time is the test's."""
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=40) as simulator:
        yield simulator


class Life:
    """One account in virtual time."""

    def __init__(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
    ) -> None:
        """Begin with an account."""
        self.hass, self.freezer, self.entry = hass, freezer, entry

    async def recharge(self, user_code: str = METER, **data: Any) -> dict[str, Any]:
        """Recharge, however long that takes."""
        data = {"order_number": "Mine1", **data}
        call = recharge(self.hass, self.entry, user_code, **data)
        response: dict[str, Any] = await in_virtual_time(self.hass, self.freezer, call)
        return response

    async def wait(self, **delta: float) -> None:
        """Let time pass, in steps in which not more than one thing is due."""
        left = timedelta(**delta)
        longest = timedelta(minutes=31 if left > timedelta(hours=3) else 2)
        while left > timedelta(0):
            step = min(left, longest)
            left -= step
            await wait_for(self.hass, self.freezer, seconds=step.total_seconds())

    def order(self, number: str = "Mine1") -> Order:
        """Return an order as the journal knows it."""
        return orders_of(self.hass)[number]

    def has_issue(self) -> bool:
        """Tell whether a person is asked about open orders."""
        issue_id = open_orders_issue(str(self.entry.unique_id))
        return ir.async_get(self.hass).async_get_issue("jrhsz", issue_id) is not None


@pytest.fixture
async def life(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    no_pace: None,
) -> AsyncGenerator[Life]:
    """Set an account up some minutes after a report: none comes while it recharges."""
    reported = simulator.meters[METER].info().read_time
    freezer.move_to(reported + timedelta(hours=1, minutes=10))
    entry = account_of(simulator)
    await set_up(hass, entry)
    yield Life(hass, freezer, entry)
    await hass.config_entries.async_unload(entry.entry_id)


def refuses(simulator: Simulator, code: int = 1008, msg: str = "参数错误", **details: Any) -> Fault:
    """Let the platform refuse the next recharge."""
    return simulator.add_fault(
        Fault(kind="code", code=code, msg=msg, interface="Prestore", **details)
    )


# Rejected.


async def test_door_check(life: Life, simulator: Simulator) -> None:
    """Test that an order that the door-check refused is settled within the call."""
    refuses(simulator)
    response = await life.recharge()
    assert (response["status"], response["message"]) == ("rejected", "参数错误")
    order = life.order()
    assert order.answered is not None
    assert 60 <= (dt_util.utcnow() - order.answered).total_seconds() <= 70
    assert (order.absences, order.source) == (3, "payments")
    assert (await life.recharge(order_number="Mine2"))["status"] == "confirmed"
    assert credited(simulator) == 20


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            (
                "The platform answered: 系统繁忙. It is being checked whether this was credited; "
                "there will be a result by {time}. Please don't recharge the meter before then."
            ),
        ),
        (
            "zh-Hans",
            "平台答复：系统繁忙。正在核对是否到账，{time} 前有结果，此前请勿再充。",
        ),
    ],
)
async def test_first_order_that_fails(
    life: Life, simulator: Simulator, language: str, told: str
) -> None:
    """Test that a first order that fails is settled in ten minutes, and what is said till then."""
    life.hass.config.language = language
    await async_load_integrations(life.hass, {"jrhsz"})
    await life.hass.config.async_set_time_zone("Asia/Shanghai")
    events = async_capture_events(life.hass, "jrhsz_recharge")
    refuses(simulator, 1001, "系统繁忙。")
    response = await life.recharge()
    due = dt_util.as_local(life.order().ended + timedelta(minutes=11, seconds=30))
    assert response["status"] == "unknown"
    assert response["message"] == told.format(time=f"{due:%H:%M}")
    issue_id = open_orders_issue(str(life.entry.unique_id))
    issue = ir.async_get(life.hass).async_get_issue("jrhsz", issue_id)
    assert issue is not None
    assert issue.translation_placeholders is not None
    line = issue.translation_placeholders["orders"]
    assert line.endswith(f" · Mine1 · {told.format(time=f'{due:%H:%M}')}")
    await life.wait(minutes=9)
    assert life.order().is_open
    await life.wait(minutes=2)
    assert [event.data["status"] for event in events] == ["unknown", "rejected"]
    assert not life.has_issue()
    response = await life.recharge()
    assert (response["status"], response["message"]) == ("rejected", "系统繁忙。")
    assert (await life.recharge(order_number="Mine2"))["status"] == "confirmed"


async def test_list_that_never_showed_anything(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, socket_enabled: None, no_pace: None
) -> None:
    """Test that it takes an hour where the account's lists never showed anything."""
    async with Simulator(meters=2, limit=0.0, history_days=40, wechat=False) as simulator:
        entry = account_of(simulator)
        await set_up(hass, entry)
        life = Life(hass, freezer, entry)
        refuses(simulator, 1001)
        assert (await life.recharge())["status"] == "unknown"
        await life.wait(minutes=58)
        assert life.order().is_open
        await life.wait(minutes=3)
        assert life.order().status == "rejected"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_failure_where_lists_are_known_to_be_quick(life: Life, simulator: Simulator) -> None:
    """Test that after three listed orders a failure is settled within the call."""
    await lists_our_orders(life.hass, life.entry)
    refuses(simulator, 1001)
    assert (await life.recharge())["status"] == "rejected"


@pytest.mark.parametrize("code", [1001, 1008])
async def test_slow_list(life: Life, simulator: Simulator, code: int) -> None:
    """Test that what was booked all the same is found, and the failure's message is gone."""
    simulator.set_dialect(payment_delay=45 if code == 1008 else 500)
    refuses(simulator, code, when="after")
    first = await life.recharge()
    await life.wait(minutes=15)
    order = life.order()
    assert (order.status, order.source, order.message) == ("confirmed", "payments", "")
    assert (await life.recharge())["message"] == ""
    assert first["status"] == ("confirmed" if code == 1008 else "unknown")
    assert credited(simulator) == 20


async def test_balance_that_rose(life: Life, simulator: Simulator) -> None:
    """Test that an order isn't rejected whose amount is in the balance, whatever the list lacks."""
    simulator.meters[METER].set_balance("141.00")
    simulator.set_dialect(payment_delay=-1, credit_delay=30)
    refuses(simulator, when="after")
    response = await life.recharge(amount=4)
    assert (response["status"], response["balance"]) == ("unknown", 145)
    await life.wait(hours=3)
    assert life.order().is_open
    # The person who is asked sees it.
    step = await fix(life.hass, open_orders_issue(str(life.entry.unique_id)))
    step = await answer(life.hass, step, next_step_id="order")
    seen = step["description_placeholders"]
    assert seen["rise"].endswith(" · ¥141.00 → ¥145.00")
    assert seen["balance_before"] == "¥141.00"


async def test_rise_that_is_explained(life: Life, simulator: Simulator) -> None:
    """Test that somebody else's payment keeps no order open."""
    refuses(simulator, 1001)
    assert (await life.recharge())["status"] == "unknown"
    simulator.add_payment(METER, "50.00")
    await life.wait(minutes=12)
    assert life.order().status == "rejected"


async def test_payment_of_the_same_amount(life: Life, simulator: Simulator) -> None:
    """Test that somebody else's payment of the same amount leaves it to a person."""
    refuses(simulator, 1001)
    assert (await life.recharge())["status"] == "unknown"
    simulator.add_payment(METER, "20.00")
    await life.wait(hours=2)
    assert life.order().is_open
    assert life.has_issue()


@pytest.mark.parametrize("date", ["world", "missing"])
@pytest.mark.parametrize("days", [-2.5, 2.5])
async def test_clocks_that_differ(life: Life, simulator: Simulator, days: float, date: Any) -> None:
    """Test that a payment is found by the platform's clock, however wrong ours is."""
    simulator.set_dialect(payment_delay=30, date=date, credit_delay=-1)
    simulator.advance(days * 86400)
    # The meter uploads by the platform's clock as well.
    simulator.meters[METER].set_reading(simulator.meters[METER].info().reading + 1)
    refuses(simulator, when="after")
    assert (await life.recharge())["status"] == "confirmed"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "dialect",
    [
        {"page_cap": 2, "total_count": "page"},
        {"page_cap": 2, "total_count": "missing"},
        {"page_cap": 3, "total_count": "low", "order": "descending"},
        {"page_cap": 10, "total_count": "missing"},
    ],
    ids=str,
)
async def test_pages_that_are_cut(
    life: Life, simulator: Simulator, dialect: dict[str, Any], when: Any
) -> None:
    """Test that a payment isn't missed on a later page, and its absence is seen at the end."""
    for index in range(11):
        simulator.add_payment(METER, "1.00", order_number=f"Other{index}")
    simulator.set_dialect(**dialect)
    refuses(simulator, when=when)
    response = await life.recharge()
    assert response["status"] == ("confirmed" if when == "after" else "rejected")


async def test_passing_failure_of_the_list(life: Life, simulator: Simulator) -> None:
    """Test that an empty list in a form of dates that isn't read proves nothing."""
    simulator.add_payment(METER, "1.00")
    simulator.set_dialect(dates="time", dates_unread="empty", credit_delay=86400)
    await life.recharge(order_number="First")
    simulator.add_fault(
        Fault(kind="code", code=1001, interface="GetPaymentList", skip=1, probability=0.5, times=9)
    )
    refuses(simulator, when="after")
    first = await life.recharge()
    assert first["status"] in {"unknown", "confirmed"}
    simulator.clear_faults()
    await look_up_all(life.hass, life.entry)
    assert life.order().status == "confirmed"


@pytest.mark.parametrize(
    ("shown", "number", "status"),
    [
        ("upper", "rent2026", "confirmed"),
        ("within", "HA0123456789ABCDEFGHIJKLMNOP", "confirmed"),
        ("within", "rent2026", "unknown"),
    ],
)
async def test_numbers_shown_in_another_form(
    life: Life, simulator: Simulator, shown: Any, number: str, status: str
) -> None:
    """Test that the order's number is known in other capitals, and inside a longer one."""
    simulator.set_dialect(payment_number=shown, credit_delay=86400)
    refuses(simulator, when="after")
    assert (await life.recharge(order_number=number))["status"] == status
    if status == "confirmed":
        assert life.order(number).source == "payments"


async def test_another_address(hass: HomeAssistant, life: Life, simulator: Simulator) -> None:
    """Test that the list of another host proves nothing about an order, nor does that of a path."""
    refuses(simulator, 1001)
    assert (await life.recharge())["status"] == "unknown"
    data = dict(life.entry.data)
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=40) as other:
        hass.config_entries.async_update_entry(life.entry, data={**data, "url": other.url})
        await hass.config_entries.async_reload(life.entry.entry_id)
        await life.wait(hours=2)
        assert other.calls_of("GetPaymentList") != []
        assert life.order().is_open
        hass.config_entries.async_update_entry(life.entry, data=data)
        await hass.config_entries.async_reload(life.entry.entry_id)
    await life.wait(minutes=40)
    assert life.order().status == "rejected"


@pytest.mark.parametrize("hours", [5, -5])
async def test_clock_that_is_set_meanwhile(
    hass: HomeAssistant,
    life: Life,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    hours: float,
) -> None:
    """Test that a clock that is set neither shortens nor lengthens the time that proves."""
    simulator.set_dialect(payment_delay=420, credit_delay=86400)
    refuses(simulator, 1001, when="after")
    assert (await life.recharge())["status"] == "unknown"
    set_clock(monkeypatch, hours=hours)
    for _ in range(4):
        await look_up_all(hass, life.entry)
    assert life.order().is_open
    await life.wait(minutes=8)
    await look_up_all(hass, life.entry)
    assert (life.order().status, life.order().source) == ("confirmed", "payments")


@pytest.mark.parametrize("hours", [5, -5])
async def test_refused_while_the_clock_is_set(
    hass: HomeAssistant,
    life: Life,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    hours: float,
) -> None:
    """Test that what was not booked is known to be so in its time, whatever the clock shows."""
    refuses(simulator, 1001)
    assert (await life.recharge())["status"] == "unknown"
    set_clock(monkeypatch, hours=hours)
    for _ in range(6):
        await life.wait(minutes=2)
        await look_up_all(hass, life.entry)
    assert life.order().status == "rejected"


@pytest.mark.parametrize("code", [200, 1001, 1008])
async def test_http_status(life: Life, simulator: Simulator, code: int) -> None:
    """Test that an HTTP status other than 200 leaves it open, whatever the body says."""
    refuses(simulator, code, status=500)
    assert (await life.recharge())["status"] == "unknown"
    await life.wait(hours=3)
    assert life.order().is_open


async def test_settled_over_a_restart(
    hass: HomeAssistant, life: Life, simulator: Simulator
) -> None:
    """Test that what was answered and counted before a restart counts after it."""
    refuses(simulator, 1001)
    await life.recharge()
    await life.wait(minutes=5)
    assert life.order().absences == 1
    await restart_process(hass, life.entry)
    assert life.order().absences == 1
    await life.wait(minutes=6)
    assert life.order().status == "rejected"


async def test_killed_before_the_answer(life: Life, simulator: Simulator) -> None:
    """Test that an order of which no answer is known is never rejected by itself."""
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    assert (await life.recharge())["message"] != ""
    await life.wait(hours=30)
    assert life.order().is_open


async def test_code_without_words(life: Life, simulator: Simulator) -> None:
    """Test that a code without words leaves no gap in what is said."""
    refuses(simulator, msg="")
    response = await life.recharge()
    assert response["message"] == "The platform refused the request (code 1008)."


# Confirmed.


async def answered_without_booking(life: Life, simulator: Simulator) -> None:
    """Let the platform say that it credits what it doesn't."""
    await lists_our_orders(life.hass, life.entry)
    refuses(simulator, 200, "充值成功")
    assert (await life.recharge())["status"] == "confirmed"
    assert simulator.ledger == []


@pytest.mark.parametrize("said", ["credited", "not_credited"])
async def test_credit_that_is_never_listed(life: Life, simulator: Simulator, said: str) -> None:
    """Test that after a day and two hours a person is asked, and meanwhile nothing is blocked."""
    await answered_without_booking(life, simulator)
    issues = ir.async_get(life.hass)
    await life.wait(hours=25)
    assert issues.async_get_issue("jrhsz", "order_doubted_Mine1") is None
    await life.wait(hours=2)
    issue = issues.async_get_issue("jrhsz", "order_doubted_Mine1")
    assert issue is not None
    assert issue.translation_placeholders == {"meter": f"一栋 {METER}"}
    assert (life.order().status, life.order().doubted) == ("confirmed", True)
    assert (await life.recharge(order_number="Mine2"))["status"] == "confirmed"
    assert not life.has_issue()

    events = async_capture_events(life.hass, "jrhsz_recharge")
    step = await fix(life.hass, "order_doubted_Mine1")
    assert step["menu_options"] == ["credited", "not_credited"]
    assert "Mine1" in step["description_placeholders"]["order"]
    await answer(life.hass, step, next_step_id=said)
    status = "confirmed" if said == "credited" else "rejected"
    assert [(event.data["status"], event.data["source"]) for event in events] == [
        (status, "person")
    ]
    assert issues.async_get_issue("jrhsz", "order_doubted_Mine1") is None
    assert issues.async_get_issue("jrhsz", "order_corrected_Mine1") is None
    assert (life.order().status, life.order().doubted) == (status, False)


async def test_credit_that_is_listed_after_the_question(life: Life, simulator: Simulator) -> None:
    """Test that nobody is asked any more once the list shows it."""
    await answered_without_booking(life, simulator)
    await life.wait(hours=27)
    assert life.order().doubted
    simulator.add_payment(METER, "20.00", order_number="MINE1")
    await life.wait(minutes=31)
    order = life.order()
    assert (order.doubted, order.status, order.source) == (False, "confirmed", "answer")
    issues = ir.async_get(life.hass)
    assert issues.async_get_issue("jrhsz", "order_doubted_Mine1") is None
    assert (await life.recharge(OTHER, order_number="Mine2"))["status"] == "confirmed"


async def test_question_over_a_restart(
    hass: HomeAssistant, life: Life, simulator: Simulator
) -> None:
    """Test that the question is asked again after a restart, and goes when it is answered."""
    await answered_without_booking(life, simulator)
    await life.wait(hours=27)
    ir.async_delete_issue(hass, "jrhsz", "order_doubted_Mine1")
    await restart_process(hass, life.entry)
    assert ir.async_get(hass).async_get_issue("jrhsz", "order_doubted_Mine1") is not None
    step = await fix(hass, "order_doubted_Mine1")
    await hass.data[DATA_ORDERS].async_close("Mine1", credited=True)
    step = await answer(hass, step, next_step_id="credited")
    assert step["type"] == "create_entry"
    assert life.order().status == "confirmed"


async def test_credit_in_the_balance_is_not_doubted(life: Life, simulator: Simulator) -> None:
    """Test that a credit that the balance shows is believed, though the list never shows it."""
    await lists_our_orders(life.hass, life.entry)
    simulator.set_dialect(payment_delay=-1)
    before = simulator.meters[METER].info().balance
    response = await life.recharge(amount=50)
    assert Decimal(str(response["balance"])) == before + 50
    await life.wait(hours=28)
    assert not life.order().doubted
