"""Model one meter: what it uploads, what it costs, and who pays."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from .records import Info, Payment, Record, to_decimal, to_hundredths, to_moment, to_seconds
from .usage import Uploads, Usage, mix

WECHAT = "微信充值"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Setting:
    """Hold what all meters share; times are seconds since 1970."""

    seed: int
    now: Callable[[], datetime]
    start: int
    opened: int
    upload_every: int
    factor: float
    wechat: bool


class _Shift(NamedTuple):
    """Hold what somebody changed at a meter at one moment."""

    time: int
    offset: int
    charged: int
    table_no: str


class SimMeter:
    """Live from the setting's start on, a function of the seed and of what tests do to it."""

    def __init__(
        self,
        setting: Setting,
        *,
        number: int,
        user_code: str,
        user_name: str,
        house_number: str | None,
        table_type: int,
        lists: tuple[str, ...] = (),
        building: tuple[str, str] = ("", ""),
        floor: str = "",
        table_no: str | None = None,
    ) -> None:
        """Install a meter; `building` is name and code, `lists` the codes of its listings."""
        self.setting = setting
        self.user_code = user_code
        self.user_name = user_name
        self.house_number = house_number
        self.table_type = table_type
        self.lists = lists
        self.building = building
        self.floor = floor
        self.hidden = False
        self.remove: Callable[[], object] = self.hide
        self.record_filter: Callable[[list[Record]], list[Record]] | None = None
        seed, start = setting.seed, setting.start
        self._usage = Usage(
            seed=seed,
            number=number,
            water=table_type % 2 == 0,
            start=start,
            factor=setting.factor,
            pays=setting.wechat,
        )
        hourly = max(setting.upload_every, 3_600)
        dice = mix(seed, number, -4)
        self._history = Uploads(start + dice % hourly, hourly, seed, number)
        self._live = self._history
        if setting.upload_every != hourly:
            base = setting.opened + dice % setting.upload_every
            self._live = Uploads(base, setting.upload_every, seed, number)
        self._past = self._history.count(setting.opened)
        first = mix(seed, number, -5) % 400_000
        known = table_no or f"20{mix(seed, number, -6) % 10**10:010d}"
        self._shifts = [_Shift(start, first, 0, known)]
        self._extra: list[int] = []
        self._manual: list[tuple[int, Payment, int]] = []
        self._adjusted = 0

    @property
    def price(self) -> Decimal:
        """Return yuan per kWh or m³."""
        return to_decimal(self._usage.price)

    @property
    def first_balance(self) -> Decimal:
        """Return the balance at the start, corrections included."""
        return to_decimal(self._usage.first_balance + self._adjusted)

    @property
    def table_no(self) -> str:
        """Return the number on the meter."""
        return self._shift(self._now()).table_no

    @table_no.setter
    def table_no(self, value: str) -> None:
        """Change the number from now on."""
        now = self._now()
        old = self._shift(now)
        self._put(_Shift(now, old.offset, old.charged, value))

    def info(self, now: datetime | None = None, *, credit_delay: int = 0) -> Info:
        """Return the last upload and the balance."""
        at = self._now() if now is None else to_seconds(now)
        last = self._last(at)
        return Info(
            table_no=self._shift(at).table_no,
            reading=to_decimal(self._reading(last)),
            read_time=to_moment(last),
            balance=self._balance(last, at - credit_delay),
            table_type=self.table_type,
        )

    def records(
        self, begin: datetime | None = None, end: datetime | None = None, *, delay: int = 0
    ) -> list[Record]:
        """Return the uploads from begin to end (both inclusive), oldest first."""
        found = [self.record(pair) for pair in self.upload_pairs(begin, end, delay=delay)]
        return found if self.record_filter is None else self.record_filter(found)

    def upload_pairs(
        self, begin: datetime | None = None, end: datetime | None = None, *, delay: int = 0
    ) -> list[tuple[int, int]]:
        """Return time before and time of the uploads, which is cheaper than the records."""
        low = self.setting.start + 1 if begin is None else to_seconds(begin, up=True)
        until = self._now() - delay
        high = until if end is None else min(until, to_seconds(end))
        times = self._times(low, high)
        return list(zip([self._last(low - 1), *times], times, strict=False)) if times else []

    def record(self, pair: tuple[int, int]) -> Record:
        """Return the record of one upload."""
        last, time = pair
        return Record(
            table_no=self._shift(time).table_no,
            reading=to_decimal(self._reading(time)),
            read_time=to_moment(time),
            last_reading=to_decimal(self._reading(last)),
            last_read_time=to_moment(last),
        )

    def payments(self, begin: datetime | None = None, end: datetime | None = None) -> list[Payment]:
        """Return all payments from begin to end (both inclusive), oldest first."""
        low = self.setting.start if begin is None else to_seconds(begin, up=True)
        high = self._now() if end is None else min(self._now(), to_seconds(end))
        found = [
            (
                time,
                Payment(
                    self._wechat_number(time, time), to_decimal(amount), to_moment(time), WECHAT
                ),
            )
            for time, amount in self._usage.payments(low, high)
        ]
        found += [(time, payment) for time, payment, _ in self._manual if low <= time <= high]
        return [payment for _, payment in sorted(found, key=lambda item: item[0])]

    def set_reading(
        self, value: Decimal | str | float, *, at: datetime | None = None, charge: bool = True
    ) -> None:
        """Upload this reading now; a rise is charged unless told otherwise, a fall never."""
        now = self._now() if at is None else to_seconds(at)
        wanted = to_hundredths(value)
        if self._shifts[-1].time == now and now in self._extra:
            self._extra.remove(now)
        last = self._last(now - 1)
        natural = self._usage.total(now)
        rise = max(0, wanted - self._reading(last)) if charge else 0
        self._put(
            _Shift(now, wanted - natural, self._charged(last) + rise - natural, self.table_no)
        )
        insort(self._extra, now)

    def replace(self, table_no: str, reading: Decimal | str | float = 0) -> None:
        """Put another meter in its place."""
        self.table_no = table_no
        self.set_reading(reading, charge=False)

    def set_balance(self, value: Decimal | str | float) -> None:
        """Correct the balance without a payment, as if it had begun otherwise."""
        difference = Decimal(str(value)) - self.info().balance
        self._adjusted += to_hundredths(difference)

    def add_payment(
        self,
        amount: Decimal | str | float,
        *,
        channel: str = WECHAT,
        order_number: str | None = None,
        at: datetime | None = None,
        sent_number: str | None = None,
    ) -> Payment:
        """Book a payment of any sign."""
        time = self._now() if at is None else to_seconds(at)
        hundredths = to_hundredths(amount)
        number = order_number
        if number is None:
            number = self._wechat_number(time + len(self._manual) + 1, time)
        payment = Payment(number, to_decimal(hundredths), to_moment(time), channel, sent_number)
        self._manual.append((time, payment, hundredths))
        return payment

    def hide(self) -> None:
        """Vanish from the platform."""
        self.hidden = True

    def show(self) -> None:
        """Come back."""
        self.hidden = False

    def _balance(self, read: int, credited: int) -> Decimal:
        """Return first balance − price × consumption + payments."""
        money = self._usage.first_balance + self._adjusted + self._usage.paid(credited)
        money += sum(amount for time, _, amount in self._manual if time <= credited)
        exact = Decimal(money * 100 - self._usage.price * self._charged(read)).scaleb(-4)
        # Half a cent rounds up below zero too, so that a correction by whole cents stays whole.
        return (exact + _CENT / 2).quantize(_CENT, ROUND_FLOOR)

    def _now(self) -> int:
        """Return the world's time."""
        return to_seconds(self.setting.now())

    def _put(self, shift: _Shift) -> None:
        """Change the meter from a moment on."""
        if shift.time < self._shifts[-1].time:
            msg = "a meter is changed in the order of time"
            raise ValueError(msg)
        if shift.time == self._shifts[-1].time:
            self._shifts.pop()
        self._shifts.append(shift)

    def _shift(self, at: int) -> _Shift:
        """Return what holds at a moment."""
        shifts = self._shifts
        if at >= shifts[-1].time:
            return shifts[-1]
        return shifts[max(0, bisect_right(shifts, at, key=lambda shift: shift.time) - 1)]

    def _reading(self, at: int) -> int:
        """Return what the register shows."""
        return self._usage.total(at) + self._shift(at).offset

    def _charged(self, at: int) -> int:
        """Return the consumption that was charged since the start."""
        return self._usage.total(at) + self._shift(at).charged

    def _last(self, at: int) -> int:
        """Return the time of the last upload, or the start."""
        live = self._live.count(at)
        if self._live is self._history:
            last = live and self._live.at(live - 1)
        elif live:
            last = self._live.at(live - 1)
        else:
            past = min(self._past, self._history.count(at))
            last = past and self._history.at(past - 1)
        place = bisect_right(self._extra, at)
        return max(last, self.setting.start, self._extra[place - 1] if place else 0)

    def _times(self, low: int, high: int) -> list[int]:
        """Return the times of the uploads from low to high."""
        live = self._live
        times: list[int] = []
        if live is not self._history:
            last = min(self._past, self._history.count(high))
            times += map(self._history.at, range(min(last, self._history.count(low - 1)), last))
        times += map(live.at, range(live.count(low - 1), live.count(high)))
        extra = self._extra[bisect_left(self._extra, low) : bisect_right(self._extra, high)]
        return sorted({*times, *extra}) if extra else times

    def _wechat_number(self, salt: int, time: int) -> str:
        """Return an order number as the document shows them."""
        dice = mix(self.setting.seed, int.from_bytes(self.user_code.encode()), salt)
        return f"jrh{to_moment(time):%Y%m%d%H%M%S}{dice % 100_000:05d}"
