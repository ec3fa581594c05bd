"""Tests of everything that the document leaves open, over sockets: one departure at a time."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Client,
    Consumption,
    Http,
    MeterInfo,
    MeterKind,
    Payment,
    PlatformError,
    RateLimitError,
    RedirectError,
    Session,
)
from tests.simulator import Simulator, single_changes

from ..support.calls import DAY, METER, NOON
from .conftest import PASSWORD

CHANGES = single_changes()
USUAL: dict[str, list[Any]] = {}
NO_NUMBERS = {"empty", "null", "nan", "dashes", "thousands", "missing"}
NO_TIMES = {"empty", "zero", "null", "unreadable"}


async def look(client: Client) -> dict[str, list[Any]]:
    """Return all that there is to read."""
    addresses = await client.get_addresses()
    return {
        "buildings": await client.get_buildings(),
        "rooms": await client.get_rooms(),
        "rooms of a building": await client.get_rooms("gzfh-1-d"),
        "rooms of no building": await client.get_rooms("gzfh-99"),
        "rooms at addresses": [
            room for address in addresses for room in await client.get_rooms_at(address)
        ],
        "meters": [await client.get_meter(code) for code in ("2022040001", "2022040002")],
        "payments": await client.get_payments(METER, NOON - 3 * DAY, NOON),
        "consumption": await client.get_consumption(METER, NOON - DAY, NOON),
    }


def without_numbers(item: Any) -> Any:
    """Return what is left of a record whose numbers can't be read."""
    if isinstance(item, MeterInfo):
        return replace(item, reading=None, balance=None)
    if isinstance(item, Payment):
        return replace(item, amount=None)
    if isinstance(item, Consumption):
        return replace(item, reading=None, last_reading=None)
    return item


def without_type(item: Any, meter_type: int | None) -> Any:
    """Return what is left of a record whose type is another one, or none."""
    return replace(item, meter_type=meter_type) if isinstance(item, MeterInfo) else item


def to_the_minute(item: Any) -> Any:
    """Return a record whose times have no seconds."""
    times = {
        field.name: value.replace(second=0)
        for field in fields(item)
        if isinstance(value := getattr(item, field.name), datetime)
    }
    return replace(item, **times)


def named(item: Any, more: str) -> Any:
    """Return a record whose names are longer, but not longer than names may be."""
    names = {
        name: (getattr(item, name) + more)[:100]
        for name in ("name", "user_name", "house_number")
        if getattr(item, name, "")
    }
    return replace(item, **names)


def expected(seen: dict[str, list[Any]], change: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what is to be read of a platform that departs from the usual."""
    match change:
        case {"numbers": form} if form in NO_NUMBERS:
            return {key: [without_numbers(item) for item in items] for key, items in seen.items()}
        case {"table_type": "empty" | "null" | "missing"}:
            return {
                key: [without_type(item, None) for item in items] for key, items in seen.items()
            }
        case {"table_type_value": value}:
            return {
                key: [without_type(item, value) for item in items] for key, items in seen.items()
            }
        case {"times": "minutes"}:
            return {key: [to_the_minute(item) for item in items] for key, items in seen.items()}
        case {"names": "long"}:
            return {key: [named(item, "错" * 100) for item in items] for key, items in seen.items()}
        case {"names": "half"}:
            return {key: [named(item, "室栋") for item in items] for key, items in seen.items()}
        case {"trade_type": False}:
            payments = [replace(item, channel=None) for item in seen["payments"]]
            return {**seen, "payments": payments}
        case {"device_id": True}:
            table_no = seen["meters"][0].table_no
            records = [replace(item, device_id=table_no[::-1]) for item in seen["consumption"]]
            return {**seen, "consumption": records}
    return seen


async def recharge(client: Client, change: dict[str, Any]) -> None:
    """Credit a meter, and see what the platform says to it."""
    order = client.prestore(METER, "HA1", Decimal("0.01"))
    match change:
        case {"prestore_answer": code}:
            failure = f"Return code {code}"
        case {"success_status": status}:
            failure = f"HTTP status {status}"
        case _:
            await order
            return
    with pytest.raises(PlatformError, match=failure):
        await order


# What is refused altogether is tested elsewhere.
REFUSED = {name for name in CHANGES if name.startswith("redirect")} | {"address_building=deny"}


@pytest.mark.parametrize("name", [name for name in CHANGES if name not in REFUSED])
async def test_departure(
    client: Client,
    make_session: Callable[..., Session],
    simulator: Simulator,
    http: Http,
    name: str,
) -> None:
    """Whatever one deployment does differently, the same is read, or nothing if there is none."""
    for amount, days in (("20", 3), ("30.50", 2)):
        simulator.add_payment(METER, amount, at=NOON - days * DAY)
    if not USUAL:
        # The world of every test is the same.
        USUAL.update(await look(client))
    usual = USUAL.copy()
    assert [len(items) for items in usual.values()] == [5, 8, 2, 0, 8, 2, 2, 24]
    change = CHANGES[name]
    simulator.set_dialect(**change)
    other = Client(make_session())
    await other.session.sign_in(PASSWORD, http)
    found = await look(other)
    if change.get("times") in NO_TIMES:
        assert {item.read_time for item in found["meters"]} == {None}
        # Without times nothing tells which ones lie in the span.
        assert len(found["consumption"]) >= 24
        for key in ("meters", "payments", "consumption"):
            assert {item.time for item in found[key] if key != "meters"} <= {None}
            del usual[key], found[key]
    if "order" in change:
        assert found["consumption"] != usual["consumption"]
        for key in ("payments", "consumption"):
            found[key].sort(key=lambda item: item.time)
    assert found == expected(usual, change)
    if "table_type_value" in change:
        assert {meter.kind for meter in found["meters"]} == {None}
    elif "meters" in found and change.get("table_type") not in {"empty", "null", "missing"}:
        assert [meter.kind for meter in found["meters"]] == [
            MeterKind.ELECTRICITY,
            MeterKind.WATER,
        ]
    await recharge(other, change)
    assert [order.times_received for order in simulator.ledger] == [1]
    assert simulator.strays == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("only", ["", "GetUserInfo", "Prestore"])
async def test_redirect(client: Client, simulator: Simulator, status: Any, only: str) -> None:
    """No interface is followed elsewhere."""
    simulator.set_dialect(redirect=status, redirect_only=only)
    if only != "Prestore":
        with pytest.raises(RedirectError) as caught:
            await client.get_meter(METER)
        assert (caught.value.status, caught.value.host) == (status, "127.0.0.1")
    if only != "GetUserInfo":
        with pytest.raises(PlatformError):
            await client.prestore(METER, "HA1", Decimal(1))
    assert simulator.strays == []
    assert simulator.ledger == []


@pytest.mark.parametrize(
    "change",
    [
        {"early": "code"},
        {"early": "429"},
        {"early": "429", "retry_after": 7},
        {"early_code": 1002},
        {"early_code": 4711},
        {"early_msg": "请求过快"},
        {"early_msg": "操作太快"},
        {"early_msg": "请稍后"},
        {"early_extends": True},
        {"limit_from": "answer"},
        {"limit_scope": "account"},
    ],
    ids=str,
)
async def test_early_call(client: Client, simulator: Simulator, change: dict[str, Any]) -> None:
    """A refusal for pace is one, however it is put, and costs neither token nor permission."""
    simulator.set_dialect(**change)
    await client.get_meter(METER)
    simulator.pace.limit = 1000.0
    with pytest.raises(RateLimitError):
        await client.get_meter(METER)
    assert client.session.denied == {}
    assert client.session.token_age is not None
    simulator.pace.limit = 0.0
    await client.get_meter(METER)
    assert len(simulator.calls_of("login")) == 1
