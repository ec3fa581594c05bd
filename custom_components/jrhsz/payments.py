"""What was seen of the meters' lists of payments, so that each payment is told once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from .api import Payment

# A list is read 31 days back; what was seen is kept a little longer.
WINDOW: Final = timedelta(days=31)
_KEPT: Final = timedelta(days=35)
# Without any other reason.
LOOK_AFTER: Final = timedelta(days=1)


@dataclass(slots=True)
class SeenPayments:
    """What was seen of one meter's list; what was in it at first is no news.

    A payment's identity is all of its fields, with multiplicity: two equal records are two
    payments, and the order number may be empty. A record may come late, with an earlier time.
    """

    since: datetime
    looked_at: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    last_seen: dict[str, datetime] = field(default_factory=dict)

    def take(self, payments: Iterable[Payment], now: datetime) -> list[Payment]:
        """Return the new payments of a list, oldest first, and remember all of it."""
        listed: Counter[str] = Counter()
        new = []
        # A clock that is wrong for a while must not make all of it forgotten, nor what is long
        # forgotten new: time goes on from what was seen.
        latest = max(self.last_seen.values(), default=now)
        seen_at = min(now, latest + 2 * LOOK_AFTER)
        after = latest - WINDOW if self.looked_at else self.since
        for payment in payments:
            listed[key := _identity(payment)] += 1
            self.last_seen[key] = seen_at
            if listed[key] > self.counts[key]:
                self.counts[key] = listed[key]
                if self.looked_at if payment.time is None else payment.time > after:
                    new.append(payment)
        self.looked_at = now
        for key in [key for key, seen in self.last_seen.items() if seen < seen_at - _KEPT]:
            del self.last_seen[key], self.counts[key]
        return sorted(new, key=lambda payment: payment.time or now)

    def forget(self, payments: Iterable[Payment]) -> None:
        """Take back that payments were seen, so that the next look is due: nobody was told."""
        self.counts.subtract(_identity(payment) for payment in payments)
        if self.looked_at is not None:
            self.looked_at -= LOOK_AFTER

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {
            "since": self.since.isoformat(),
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
            "seen": {
                key: [count, self.last_seen[key].isoformat()] for key, count in self.counts.items()
            },
        }

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Take over what `as_dict` gave; anything else is as good as a new meter."""
        try:
            looked_at = kept["looked_at"]
            return cls(
                since=_aware(kept["since"]),
                looked_at=None if looked_at is None else _aware(looked_at),
                counts=Counter({key: int(count) for key, (count, _) in kept["seen"].items()}),
                last_seen={key: _aware(seen) for key, (_, seen) in kept["seen"].items()},
            )
        except AttributeError, LookupError, TypeError, ValueError:
            return cls(since=dt_util.utcnow())


def _aware(text: str) -> datetime:
    """Return an aware time."""
    if (time := datetime.fromisoformat(text)).tzinfo is None:
        raise ValueError(text)
    return time


def _identity(payment: Payment) -> str:
    """Return what tells a payment from others."""
    amount = "" if payment.amount is None else f"{payment.amount.normalize():f}"
    time = "" if payment.time is None else payment.time.isoformat()
    parts = (payment.order_number, amount, time, payment.channel or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
