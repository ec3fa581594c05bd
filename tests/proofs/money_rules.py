"""The rules of money, on one page, judged from what the platform has in truth.

Nothing of the product is used here: what it says of an order is compared with the ledger.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from .money_ledger import DAY, HOUR, MINUTE, NEVER, Booked, Ledger, Sent

# A look takes some time, and tells what was listed when it began.
_LOOK: Final = 2 * MINUTE
_REFUSALS: Final = ("1001", "door")
# A credit of which no more was used shows in the balance.
_LITTLE: Final = Decimal("0.4")
# So much of a credit may have been used until it is seen in the balance.
_USED: Final = Decimal("0.2")
_CHINA: Final = timezone(timedelta(hours=8))


@dataclass(slots=True, eq=False)
class Call:
    """One call of the action."""

    code: str
    number: str | None
    only_below: Decimal | None
    at: float


@dataclass(slots=True)
class Rules:
    """Watches what the product says, and notes what is against the rules."""

    ledger: Ledger
    faults: list[str] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)
    restored: list[float] = field(default_factory=list)
    told: dict[str, tuple[float, str, str]] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    started: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    must_be_accepted: bool = False

    def is_booked(self, number: str) -> bool:
        """Tell the truth."""
        return any(sent.booked for sent in self.ledger.sent if sent.number == number)

    def refused(self, call: Call, reason: str) -> None:
        """Judge a refusal: when everything is settled each meter can be credited again."""
        if self.must_be_accepted and reason not in {"not_checked", "journal_restored"}:
            self._fault(f"meter {call.code} can't be credited any more: {reason}")

    def answered(self, call: Call, status: str, number: str | None) -> None:
        """Judge an answer: those who asked for one order together hear the same."""
        if call.number is not None and number == call.number and status != "not_needed":
            told = self.told.get(number)
            is_known = told is not None and not any(at > told[0] for at in self.restored)
            if told is not None and is_known and told[1] != status:
                self._fault(f"{number}: a caller was told {status}, others {told[1]}")
        if call.only_below is not None and status not in {"not_needed", "dry_run"}:
            self._needed(call, number, call.only_below)

    def _needed(self, call: Call, number: str | None, only_below: Decimal) -> None:
        """Judge that an order was needed, with all that was credited before."""
        sent = next((s for s in self.ledger.sent if s.number == number and s.at >= call.at), None)
        if sent is None or self.restored or self.jumps:
            return
        balance = self.ledger.balance(sent.user_code, sent.at, shown=False)
        for other in self.ledger.sent:
            if other.at < sent.at and other.booked and other.user_code == sent.user_code:
                is_known = other.number not in self.rejected
                balance -= other.amount * (_USED if is_known else 1)
        if balance >= only_below:
            self._fault(f"{number} was sent below {only_below} at {balance}")

    def outcome(self, now: float, number: str, status: str, source: str) -> None:
        """Judge what the product believes of an order."""
        self.told[number] = (now, status, source)
        sent = next((sent for sent in reversed(self.ledger.sent) if sent.number == number), None)
        if source == "person":
            return
        if status == "rejected" and source == "answer" and sent and self._is_lost(sent, now):
            # This time it never left; of the time before a restore the list may tell nothing.
            if self._is_seen(sent, now):
                self._fault(f"{number} is rejected, was booked before a restore, and is listed")
            return
        if status == "confirmed" and not self.is_booked(number):
            if source != "answer" or sent is None or sent.answer != "200":
                self._fault(f"{number} is confirmed ({source}), and was not booked")
        elif status == "rejected" and sent is not None:
            self.rejected.add(number)
            self._rejected(now, sent)

    def _is_lost(self, sent: Sent, now: float) -> bool:
        """Tell whether a restore took the memory of an order."""
        return any(sent.at <= restored <= now for restored in self.restored)

    def _rejected(self, now: float, sent: Sent) -> None:
        """Judge that an order is believed not to be booked."""
        if sent.answer not in _REFUSALS:
            self._fault(f"{sent.number} is rejected after the answer {sent.answer or 'nothing'}")
        if sent.booked is None:
            return
        if sent.booked.listed <= now - _LOOK:
            self._fault(f"{sent.number} is rejected, was booked, and is listed")
        if self._rose(now, sent, sent.booked):
            self._fault(f"{sent.number} is rejected, was booked, and is in the balance")
        elapsed = now - sent.answered
        if elapsed < self._patience(now, sent) and not self._is_excused(sent.at, now):
            self._fault(f"{sent.number} is rejected after {elapsed:.0f} s, and was booked")

    def _rose(self, now: float, sent: Sent, booked: Booked) -> bool:
        """Tell whether the balance showed a credit that nothing else explains."""
        others = [
            other
            for other in self.ledger.booked[sent.user_code]
            if other is not booked and max(other.at, other.arrives) > sent.at - _LOOK
        ]
        used = Decimal(self.ledger.habits.daily_cost * (now - sent.at) / DAY)
        is_seen = sent.at < booked.arrives <= now - _LOOK and used < sent.amount * _LITTLE
        return is_seen and not others

    def _patience(self, now: float, sent: Sent) -> float:
        """Return how long a refusal must be waited for, at the least."""
        if sent.answer == "door":
            return MINUTE
        # What was listed long ago is known: so late may the next one be.
        known = [
            other.booked.listed - other.at
            for other in self.ledger.sent
            if other.booked is not None
            and self.told.get(other.number, (0, "", ""))[1] == "confirmed"
            and other.booked.listed + 27 * HOUR < now
        ]
        if self.ledger.habits.shows not in {"ours", "upper"}:
            return 10 * MINUTE if self.ledger.shown_since(sent.at) else HOUR
        if len(known) >= 3:
            return max(MINUTE, min(max(known[-45:]), 26 * HOUR) - _LOOK)
        # Between three that are listed and three that are known to be, either may hold.
        listed = [o for o in self.ledger.sent if o.booked and o.booked.listed <= now]
        if len(listed) >= 3:
            return MINUTE
        return 10 * MINUTE if self.ledger.shown_since(now) else HOUR

    def _is_excused(self, since: float, now: float) -> bool:
        """Tell whether the clock was set over a restart: then nobody can say how long it was.

        Neither since it was sent, nor of the orders of the day before, which tell how late the list
        is.
        """
        begin = since - DAY
        was_set = any(begin <= jump <= now for jump in self.jumps)
        return was_set and any(begin <= start <= now for start in self.started)

    def remembers(
        self,
        knows: Callable[[str], bool],
        is_under_way: Callable[[Any], bool],
        orders: Mapping[str, Any],
    ) -> None:
        """Judge that nothing is forgotten, and nothing sent twice."""
        seen: dict[str, Sent] = {}
        for sent in self.ledger.sent:
            lost = any(sent.at <= restored for restored in self.restored)
            if not lost and not knows(sent.number):
                self._fault(f"{sent.number} was sent, and is forgotten")
            first = seen.setdefault(sent.number, sent)
            if first is not sent and not self._could_not_know(first, sent):
                self._fault(f"{sent.number} was sent twice")
        for number, (_, status, _) in self.told.items():
            order = orders.get(number)
            if order is None or is_under_way(order) or self.restored:
                continue
            if order.status != status:
                self._fault(f"{number} is {order.status}, and {status} was told")

    def _could_not_know(self, first: Sent, again: Sent) -> bool:
        """Tell whether a restore took the memory, and the platform didn't show the order."""
        was_restored = any(first.at <= at <= again.at for at in self.restored)
        return was_restored and not self._is_seen(first, again.at)

    def _is_seen(self, sent: Sent, now: float) -> bool:
        """Tell whether the platform shows an order by its number."""
        shows = self.ledger.habits.shows in {"ours", "upper"}
        return shows and sent.booked is not None and sent.booked.listed <= now - _LOOK

    def settled(self, now: float, orders: Mapping[str, Any]) -> None:
        """Judge, days later, what became of each order."""
        shows = self.ledger.habits.shows in {"ours", "upper"}
        for sent in self.ledger.sent:
            order, booked = orders.get(sent.number), sent.booked
            if order is None or not shows or self.jumps or self.restored:
                continue
            if booked is None:
                # An order is looked for at the address that it was sent to.
                was_there = not any(sent.at <= moved for moved in self.moved)
                if was_there and order.status == "unknown" and self._is_provable(sent):
                    self._fault(f"{sent.number} is unknown days after it was refused")
                continue
            is_listed = booked.listed <= min(now - 3 * HOUR, sent.at + 6 * DAY)
            if is_listed and order.status != "confirmed" and order.source != "person":
                self._fault(f"{sent.number} is {order.status} days after it was listed")

    def _is_provable(self, sent: Sent) -> bool:
        """Tell whether it can be found out that a refused order wasn't booked."""
        payments = self.ledger.booked.get(sent.user_code, [])
        return (
            sent.answer in _REFUSALS
            and self.ledger.habits.delay < NEVER
            and not any(item.amount == sent.amount for item in payments)
            # Of an answer that a killed process did not write down nobody knows.
            and not any(sent.at <= start <= sent.answered + 1 for start in self.started)
            # Nobody knows which credit it is that comes into the balance late.
            and not any(item.at < sent.answered and item.arrives > sent.at for item in payments)
            # Where the platform doesn't tell its time, nor which came before the order.
            and (self.ledger.habits.tells_date or not any(item.at > sent.at for item in payments))
        )

    def judge_limits(self) -> None:
        """Judge the limits of each day, by the clock and the options that were in force."""
        if self.restored:
            return
        for index, sent in enumerate(self.ledger.sent):
            before = [
                other
                for other in self.ledger.sent[:index]
                if other.booked is not None
                and other.number not in self.rejected
                and _day(other) == _day(sent)
            ]
            of_meter = [other for other in before if other.user_code == sent.user_code]
            options = sent.options
            for used, limit in (
                ([], options.get("max_recharge", 500)),
                (of_meter, options.get("max_recharge_per_day", 1000)),
                (before, options.get("max_recharge_total_per_day", 2000)),
            ):
                total = sum((other.amount for other in used), sent.amount)
                if total > limit:
                    self._fault(f"{sent.number} makes {total}, beyond {limit}")

    def _fault(self, what: str) -> None:
        """Note what is against the rules, once."""
        if what not in self.faults:
            self.faults.append(what)


def _day(sent: Sent) -> date:
    """Return the day in China on which an order was sent."""
    return sent.wall.astimezone(_CHINA).date()
