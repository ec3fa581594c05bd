"""What a batch of recharges is: a name, what it keeps, and the numbers of its orders.

A batch may be repeated, whatever became of it: each meter's order has a number that follows from
the batch, so that it is sent once. Only after one is known to be rejected there is another.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import hashlib
import itertools
import re
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..api import Payment
from .journal import Journal
from .limits import refusal
from .order import Status
from .proof import matches
from .request import CreditedMeter, Request

BATCH: Final = re.compile(r"[0-9A-Za-z]{1,16}")

_LIFE: Final = timedelta(days=7)
_CHARACTERS: Final = 26
# So many attempts may be missing in a journal that was restored.
_MISSING: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The name of a batch, and what it keeps from its first order on."""

    name: str
    account_id: str
    amount: Decimal | None
    up_to: Decimal | None
    only_below: Decimal | None

    def begun(self, journal: Journal) -> datetime | None:
        """Return when it was begun, if it was.

        Raises ServiceValidationError if its name was used for something else, or is too old.
        """
        note = journal.notes.get(self._key)
        if note is None:
            return None
        begun = datetime.fromisoformat(note["begun"])
        day = f"{dt_util.as_local(begun):%Y-%m-%d}"
        if dt_util.utcnow() - begun > _LIFE:
            raise refusal(key="batch_over", batch=self.name, date=day)
        if note != self._note(begun):
            raise refusal(key="batch_differs", batch=self.name, date=day)
        return begun

    async def async_begin(self, journal: Journal) -> None:
        """Remember what it keeps, unless that is done.

        Raises HomeAssistantError if it can't be written down, or if it isn't what was kept.
        """
        if self.begun(journal) is None:
            await journal.async_note(self._key, self._note(dt_util.utcnow()))

    @property
    def _key(self) -> str:
        """Return the key of its note."""
        return f"batch|{self.name}"

    def _note(self, begun: datetime) -> dict[str, Any]:
        """Return what is written, JSON-ready: 50 and 50.00 are the same."""
        amounts = {"amount": self.amount, "up_to": self.up_to, "only_below": self.only_below}
        return {
            "account": self.account_id,
            **{key: None if value is None else f"{value:.2f}" for key, value in amounts.items()},
            "begun": begun.isoformat(),
        }

    def number(self, meter: CreditedMeter, attempt: int) -> str:
        """Return the number of an attempt at a meter, the first one being 1."""
        text = "\0".join((self.name, meter.username, meter.user_code, str(attempt)))
        digest = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()
        return f"HA{digest[:_CHARACTERS]}"

    def request(self, journal: Journal, meter: CreditedMeter, request: Request) -> Request:
        """Return what is asked for one of its meters, with the attempt that counts."""
        attempts: list[str] = []
        tried = 0
        for attempt in itertools.count(1):
            attempts.append(self.number(meter, attempt))
            if journal.knows(attempts[-1]):
                tried = attempt
            if attempt == tried + _MISSING:
                break
        request = replace(
            request, batch=self.name, attempts=tuple(attempts), searched=_LIFE + timedelta(days=1)
        )
        return replace(request, order_number=number_of(journal, request))


def number_of(journal: Journal, request: Request, payments: Sequence[Payment] = ()) -> str | None:
    """Return the number that is asked for; of a batch, that of the attempt that counts.

    That is one that may have been credited, also if only the payments show it, or else the next.
    """
    if not request.attempts:
        return request.order_number
    following = 0
    for index, number in enumerate(request.attempts):
        if not journal.knows(number):
            continue
        order = journal.orders.get(number)
        if order is None or order.status is not Status.REJECTED:
            return number
        following = index + 1
    for number in request.attempts[following:]:
        if any(matches(number, payment) for payment in payments):
            return number
    return request.attempts[following]
