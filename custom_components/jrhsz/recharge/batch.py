"""What a batch of recharges is: a name, what it keeps, and the numbers of its orders.

A batch may be repeated, whatever became of it: each meter's order has a number that follows from
the batch, so that it is sent once. Only after one is known to be rejected there is another.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
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
_PREFIX: Final = "batch|"
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
        if any(note[key] != value for key, value in self._note(begun).items()):
            raise refusal(key="batch_differs", batch=self.name, date=day)
        return begun

    async def async_begin(
        self, journal: Journal, user_codes: Iterable[str], user_id: str | None
    ) -> None:
        """Remember what it keeps, the meters it is for, and who asked for it last.

        Raises HomeAssistantError if it can't be written down, or if it isn't what was kept.
        """
        begun = self.begun(journal) or dt_util.utcnow()
        known = journal.notes.get(self._key, {})
        codes = [*dict.fromkeys([*known.get("meters", ()), *user_codes])]
        note = {**self._note(begun), "meters": codes, "user": user_id}
        if note != known:
            await journal.async_note(self._key, note)

    @property
    def _key(self) -> str:
        """Return the key of its note."""
        return f"{_PREFIX}{self.name}"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBatch:
    """A batch as the journal knows it: when it was begun, for which meters, and by whom last."""

    batch: Batch
    begun: datetime
    user_codes: Sequence[str]
    user_id: str | None


def kept_batches(journal: Journal) -> Iterator[KeptBatch]:
    """Yield the batches of the last seven days."""
    oldest = dt_util.utcnow() - _LIFE
    for key, note in journal.notes.items():
        if not key.startswith(_PREFIX):
            continue
        begun = datetime.fromisoformat(note["begun"])
        if begun < oldest:
            continue
        amounts = {
            name: None if note[name] is None else Decimal(note[name])
            for name in ("amount", "up_to", "only_below")
        }
        batch = Batch(name=key.removeprefix(_PREFIX), account_id=note["account"], **amounts)
        codes: list[str] = note.get("meters", [])
        yield KeptBatch(batch=batch, begun=begun, user_codes=codes, user_id=note.get("user"))


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
