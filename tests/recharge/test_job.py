"""Tests of what is told of a batch under way."""

from decimal import Decimal

from homeassistant.core import Context
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.recharge.batch import Batch
from custom_components.jrhsz.recharge.job import Job, Row
from custom_components.jrhsz.recharge.order import Status
from custom_components.jrhsz.recharge.request import CreditedMeter, RechargeOutcome, Request

from ..support.orders import order

REQUEST = Request(up_to=Decimal(50), context=Context())


def row(device_id: str = "device", **values: object) -> Row:
    """Return the row of a meter that nothing is known of."""
    entry = MockConfigEntry(domain="jrhsz")
    meter = CreditedMeter(entry=entry, user_code="1", device_id=device_id, name="101")
    row = Row(meter, REQUEST, None)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def outcome(status: str, amount: str | None) -> RechargeOutcome:
    """Return an outcome."""
    value = None if amount is None else Decimal(amount)
    return RechargeOutcome.without_order(status, REQUEST, Decimal(10), amount=value)


def test_job() -> None:
    """Test what is counted and summed up."""
    batch = Batch(name="B1", account_id="", amount=None, up_to=Decimal(50), only_below=None)
    rows = [
        row(outcome=outcome("confirmed", "40")),
        row(outcome=outcome("unknown", "20.50")),
        row(outcome=outcome("rejected", "30")),
        row(outcome=outcome("not_needed", None)),
        row(outcome=outcome("dry_run", "1")),
        row(refusal="No."),
        row(),
    ]
    job = Job(batch, {str(number): row for number, row in enumerate(rows)}, False, None)
    assert job.sum == Decimal("61.50")
    assert job.meter is rows[0].meter
    assert job.waiting == rows[-1:]
    assert job.counts() == {
        "total": 7,
        "confirmed": 1,
        "rejected": 1,
        "unknown": 1,
        "not_needed": 1,
        "refused": 1,
    }
    assert len(job.as_response()["recharges"]) == 7


def test_rows() -> None:
    """Test what is told of a meter, and by which number its order is followed."""
    told = row(device_id="", refusal="No.", wanted=Decimal(5)).as_response()
    assert told == {
        "device_id": None,
        "status": "refused",
        "order_number": None,
        "meter": "101",
        "user_code": "1",
        "amount": 5.0,
        "balance_before": None,
        "balance": None,
        "message": "No.",
        "earlier": False,
    }
    assert row().as_response()["status"] == "waiting"
    assert row().sent_number is None
    # Its number is that of another order, which is on its way.
    named = RechargeOutcome.without_order(
        "not_needed", REQUEST, None, amount=None, order_number="Mine1"
    )
    assert row(outcome=named).sent_number is None
    sent = RechargeOutcome.of(order("Mine1", status=Status.CONFIRMED), "")
    assert row(outcome=sent).sent_number == "Mine1"
