"""Tests of what is written about an order."""

from datetime import UTC, datetime
from decimal import Decimal
import json

import pytest

from custom_components.jrhsz.recharge.order import Order, Source, Status

ORDER = Order(
    number="HA1",
    account_id="platform.example/demo",
    host="platform.example",
    username="demo",
    user_code="2022040001",
    device_id="device",
    meter="一栋 101",
    amount=Decimal("20.50"),
    user_id=None,
    sent=datetime(2026, 11, 24, 4, tzinfo=UTC),
    status=Status.REJECTED,
    source=Source.PAYMENTS,
    code=1001,
    message="失败",
    absences=3,
    balance_before=Decimal("1.10"),
    watch_until=datetime(2026, 12, 1, 4, tzinfo=UTC),
)


def test_what_is_written_is_read() -> None:
    """Test that an order is the same after it was written as JSON."""
    assert Order.from_record(json.loads(json.dumps(ORDER.as_record()))) == ORDER


def test_older_record() -> None:
    """Test that what a version wrote that knew less is read."""
    record = ORDER.as_record()
    record["account"] = record.pop("account_id")
    for name in ("absences", "watch_until"):
        del record[name]
    order = Order.from_record(record)
    assert order.account_id == ORDER.account_id
    assert (order.absences, order.watch_until) == (0, None)


@pytest.mark.parametrize("name", ["number", "amount", "sent"])
def test_record_that_lacks_something(name: str) -> None:
    """Test that a record without what makes an order is none."""
    record = ORDER.as_record()
    del record[name]
    with pytest.raises(KeyError):
        Order.from_record(record)
