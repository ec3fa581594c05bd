"""One batch as a job: its meters, and what became of each."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .batch import Batch
from .order import Status
from .request import CreditedMeter, RechargeOutcome, Request
from .send import DRY_RUN, NOT_NEEDED

REFUSED: Final = "refused"
WAITING: Final = "waiting"
FAILED: Final = ("rejected", "unknown", REFUSED)
COUNTED: Final = ("confirmed", "rejected", "unknown", NOT_NEEDED, REFUSED)
_SENT: Final = frozenset(Status)


@dataclass(slots=True, eq=False)
class Row:
    """What becomes of one meter; `earlier` if an earlier call of the batch sent its order.

    `wanted` is how much is to be credited, as far as that is known. `refusal` says why nothing is
    sent. Who was told of it last saw which order of the meter was the `newest`: an empty text if
    there was none.
    """

    meter: CreditedMeter
    request: Request
    wanted: Decimal | None
    outcome: RechargeOutcome | None = None
    refusal: str = ""
    earlier: bool = False
    newest: str | None = None

    @property
    def status(self) -> str:
        """Return the status of the meter's order, or why there is none."""
        if self.outcome is not None:
            return self.outcome.status
        return REFUSED if self.refusal else WAITING

    @property
    def sent_number(self) -> str | None:
        """Return the number of the order that was sent for the meter."""
        is_sent = self.outcome is not None and self.outcome.status in _SENT
        return self.outcome.order_number if self.outcome and is_sent else None

    def as_response(self) -> dict[str, Any]:
        """Return it as an action's response."""
        outcome = self.outcome or RechargeOutcome(
            status=self.status,
            order_number=None,
            amount=self.wanted,
            balance_before=None,
            balance=None,
            message=self.refusal,
        )
        return {
            "device_id": self.meter.device_id or None,
            **outcome.as_response(self.meter),
            "earlier": self.earlier,
        }


@dataclass(slots=True, eq=False)
class Job:
    """A batch under way, or done; `error` if it was refused whole, before anything was sent.

    `user` is the name of who began it, nobody's if an automation did. It `is_preview` if it is a
    dry run that somebody looks at, until the next one.
    """

    batch: Batch
    rows: dict[str, Row]
    dry_run: bool
    user: str | None
    is_preview: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    begun: datetime = field(default_factory=dt_util.utcnow)
    error: HomeAssistantError | None = None
    task: asyncio.Task[None] | None = None
    is_running: bool = True

    @property
    def user_id(self) -> str | None:
        """Return the id of who began it."""
        return next(iter(self.rows.values())).request.context.user_id

    @property
    def meter(self) -> CreditedMeter:
        """Return one of its meters, for what is that of the account."""
        return next(iter(self.rows.values())).meter

    @property
    def waiting(self) -> list[Row]:
        """Return the rows that nothing was found out about yet."""
        return [row for row in self.rows.values() if row.status == WAITING]

    @property
    def sum(self) -> Decimal:
        """Return what it credited or may have, or would credit."""
        spent = {Status.CONFIRMED, Status.UNKNOWN, DRY_RUN}
        outcomes = [row.outcome for row in self.rows.values() if row.outcome]
        return sum_of(outcome.amount for outcome in outcomes if outcome.status in spent)

    def counts(self) -> dict[str, int]:
        """Return how many meters there are, and how many of each status."""
        counted = Counter(row.status for row in self.rows.values())
        return {"total": len(self.rows), **{status: counted[status] for status in COUNTED}}

    def as_response(self) -> dict[str, Any]:
        """Return it as an action's response."""
        rows = [row.as_response() for row in self.rows.values()]
        return {"recharges": rows, **self.counts()}


def sum_of(amounts: Iterable[Decimal | None]) -> Decimal:
    """Return the sum of what is known."""
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
