"""Tests of what is written about an order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
import json

import pytest

from custom_components.jrhsz.recharge.order import Order, Rise, Source, Status

ORDER = Order(
    number="HA1",
    account_id="platform.example/a/demo",
    platform="platform.example/a",
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
    rises=(Rise(datetime(2026, 11, 24, 5, tzinfo=UTC), Decimal("1.10"), Decimal("21.60")),),
    answered=datetime(2026, 11, 24, 4, 1, tzinfo=UTC),
    awaited=Decimal("5.00"),
)


def test_what_is_written_is_read() -> None:
    """Test that an order is the same after it was written as JSON."""
    assert Order.from_record(json.loads(json.dumps(ORDER.as_record()))) == ORDER


def test_nothing_and_zero() -> None:
    """Test that what is nothing by default isn't written, and that a balance of zero is."""
    order = replace(ORDER, balance_before=Decimal(0), code=None, awaited=Decimal(0), rises=())
    record = order.as_record()
    assert record["balance_before"] == "0"
    assert record["user_id"] is None
    assert not {"code", "awaited", "rises", "in_balance"} & set(record)
    assert Order.from_record(record) == order


@pytest.mark.parametrize(
    ("account", "platform"),
    [
        ("platform.example/a/demo", "platform.example/a"),
        ("platform.example/demo", "platform.example"),
        ("old.example/demo", "platform.example"),
    ],
)
def test_older_record(account: str, platform: str) -> None:
    """Test that what a version wrote that knew less is read, with what counts otherwise now."""
    record = ORDER.as_record()
    del record["account_id"], record["platform"]
    record |= {"account": account, "host": "platform.example"}
    for name in ("watch_until", "rises", "in_balance"):
        record.pop(name, None)
    order = Order.from_record(record)
    assert (order.account_id, order.platform) == (account, platform)
    assert (order.absences, order.watch_until, order.rises) == (0, None, ())
    assert not order.in_balance


@pytest.mark.parametrize("name", ["number", "amount", "sent"])
def test_record_that_lacks_something(name: str) -> None:
    """Test that a record without what makes an order is none."""
    record = ORDER.as_record()
    del record[name]
    with pytest.raises(KeyError):
        Order.from_record(record)
