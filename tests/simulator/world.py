"""Build the estate: rooms, their meters, the lists that name them, and the ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from .meter import Setting, SimMeter
from .records import CST

_DIGITS = "零一二三四五六七八九十"
_ELECTRICITY = (3, 1, 5, 3, 15)
_WATER = (2, 4, 2, 8, 14)


@dataclass(slots=True)
class Recharge:
    """Hold one order that came through `Prestore`."""

    account: str
    user_code: str
    out_trade_no: str
    amount: Decimal
    time: datetime
    times_credited: int = 0
    times_received: int = 0
    credited: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Room:
    """Hold one line of a listing."""

    meter: SimMeter
    address: str


class World:
    """Hold meters, lists and ledger; time is the injected clock and an offset."""

    def __init__(
        self,
        *,
        meters: int,
        seed: int,
        upload_every: int,
        clock: Callable[[], datetime],
        history_days: int,
        consumption: float,
        wechat: bool,
    ) -> None:
        """Build the estate; the meters live their past when somebody asks for it."""
        if upload_every < 1:
            msg = "upload_every: at least one second"
            raise ValueError(msg)
        self._clock = clock
        self.offset = timedelta()
        opened = self.now()
        start = (opened - timedelta(days=history_days)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        self.setting = Setting(
            seed=seed,
            now=self.now,
            start=int(start.timestamp()),
            opened=int(opened.timestamp()),
            upload_every=int(upload_every),
            factor=consumption,
            wechat=wechat,
        )
        self.meters: dict[str, SimMeter] = {}
        self.lists: dict[str, str] = {}
        self.ledger: list[Recharge] = []
        self._orders: dict[tuple[str, str], Recharge] = {}
        self._number = 0
        for index, (order, floor, room) in enumerate(_rooms(-(-meters // 2))):
            for kind in ("electricity", "water")[: meters - 2 * index]:
                self.add_meter(
                    kind=kind,
                    building=order,
                    floor=floor,
                    user_name=f"{floor}{room:02d}",
                    house_number=None if index % 5 == 1 else f"{floor}{room:02d}",
                )
        if meters:
            self.lists["gzfh"] = "测试"

    def now(self) -> datetime:
        """Return the world's time."""
        return (self._clock() + self.offset).astimezone(CST)

    def add_meter(
        self,
        *,
        kind: str = "electricity",
        user_code: str | None = None,
        user_name: str = "新",
        house_number: str | None = None,
        table_type: int | None = None,
        table_no: str | None = None,
        building: int = 1,
        floor: int = 1,
    ) -> SimMeter:
        """Install a meter with its past, and list it by its building and in the list of all."""
        number = self._number
        self._number += 1
        letter, name = ("s", "水") if kind == "water" else ("d", "电")
        code = f"gzfh-{building}-{letter}"
        title = f"{_chinese(building)}栋"
        self.lists.setdefault(code, f"{title}{name}")
        types = _WATER if kind == "water" else _ELECTRICITY
        meter = SimMeter(
            self.setting,
            number=number,
            user_code=f"{2022040001 + number}" if user_code is None else user_code,
            user_name=user_name,
            house_number=house_number,
            table_type=types[number // 2 % len(types)] if table_type is None else table_type,
            lists=(code, "gzfh"),
            building=(title, f"gzfh-{building}"),
            floor=f"{_chinese(floor)}层",
            table_no=table_no,
        )
        if meter.user_code in self.meters:
            msg = f"there is a meter {meter.user_code} already"
            raise ValueError(msg)
        meter.remove = partial(self.meters.pop, meter.user_code)
        self.meters[meter.user_code] = meter
        return meter

    def listed(self, build_code: str | None = None) -> list[SimMeter]:
        """Return the meters of a list or a building, or all."""
        return [
            meter
            for meter in self.meters.values()
            if not meter.hidden and (not build_code or build_code in self._names(meter))
        ]

    def addresses(
        self, build_code: str | None = None, *, whole: bool
    ) -> dict[tuple[str, str, str], list[SimMeter]]:
        """Return the meters by address, building's name and building's code."""
        found: dict[tuple[str, str, str], list[SimMeter]] = {}
        for meter in self.listed(build_code):
            name, code = meter.building
            address = f"{name}{meter.floor}" if whole else meter.floor
            found.setdefault((address, name, code), []).append(meter)
        return found

    def book(
        self,
        account: str,
        meter: SimMeter,
        number: str,
        amount: Decimal,
        *,
        again: bool,
        shown: str,
        channel: str,
    ) -> bool:
        """Credit an order, a repeated one only when told so; return whether it was the first."""
        key = meter.user_code, number
        order = self._orders.get(key)
        first = order is None
        if order is None:
            order = Recharge(account, meter.user_code, number, amount, self.now())
            self._orders[key] = order
            self.ledger.append(order)
        order.times_received += 1
        if first or again:
            order.times_credited += 1
            order.credited += amount
            meter.add_payment(
                amount,
                channel=channel,
                order_number={
                    "ours": number,
                    "upper": number.upper(),
                    "within": f"API{number}01",
                    "empty": "",
                }.get(shown),
                sent_number=number,
            )
        return first

    def known(self, user_code: str, number: str) -> bool:
        """Return whether an order has been booked."""
        return (user_code, number) in self._orders

    def _names(self, meter: SimMeter) -> tuple[str, ...]:
        """Return all by which a meter's list or building is asked for."""
        return (*meter.lists, *meter.building, *(self.lists.get(code, "") for code in meter.lists))


def _rooms(count: int) -> Iterator[tuple[int, int, int]]:
    """Spread rooms over buildings (一栋 and 三栋 first) and floors, building by building."""
    buildings = max(1, min(count, 2)) if count <= 40 else -(-count // 40)
    share = -(-count // buildings) if count else 0
    wide = 4 if count <= 40 else 10
    for index in range(count):
        order, place = divmod(index, share)
        yield {1: 3, 2: 2}.get(order, order + 1), place // wide + 1, place % wide + 1


def _chinese(number: int) -> str:
    """Return a number below 100 in Chinese."""
    if number < len(_DIGITS):
        return _DIGITS[number]
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _DIGITS[tens % 10]) + "十" + (_DIGITS[ones] if ones else "")
