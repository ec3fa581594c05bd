"""What the tests of the client call, and what they count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Address, Client
from tests.simulator import Fault, Simulator

METER = "2022040001"
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 1, 12, tzinfo=CHINA_STANDARD_TIME)

READS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "getBuildCode": lambda client: client.get_buildings(),
    "getUserCodeByAccount": lambda client: client.get_rooms(),
    "GetUserInfo": lambda client: client.get_meter(METER),
    "GetPaymentList": lambda client: client.get_payments(METER, NOON - DAY, NOON),
    "GetConsumenList": lambda client: client.get_consumption(METER, NOON - DAY, NOON),
    "getAddress": lambda client: client.get_addresses(),
    "addressUserInfo": lambda client: client.get_rooms_at(
        Address(address="一栋一层", build_code="")
    ),
}
LISTS = [name for name in READS if name != "GetUserInfo"]
PAGED = ["GetPaymentList", "GetConsumenList"]


def interfaces(simulator: Simulator) -> list[str]:
    """Return the interfaces that were called after the login."""
    return [call.interface for call in simulator.calls if call.interface != "login"]


def data_fault(data: Any, interface: str | None = None, *, times: int = 1, **more: Any) -> Fault:
    """Return an answer with this data."""
    reply = {"code": 200, "msg": "操作成功", "data": data, **more}
    return Fault(kind="wrong", interface=interface, times=times, reply=reply)


def logins(simulator: Simulator) -> int:
    """Return how many logins there were."""
    return len(simulator.calls_of("login"))


async def outcomes(*calls: Any) -> list[Any]:
    """Return what calls end with."""
    return await asyncio.gather(*calls, return_exceptions=True)
