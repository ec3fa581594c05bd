"""Order numbers that are handed out for taps and dialogs, before anybody confirms an order.

A tap on a notification can be forged, with a number of its own each time. A number that was handed
out can be used once, for its meter and within a day; the amount is bound when it is used.
"""

from datetime import datetime, timedelta
import re
import secrets
import string
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .journal import Journal
from .limits import refusal
from .request import CreditedMeter

_CHARACTERS: Final = string.digits + string.ascii_uppercase
# Other numbers of ours are shorter, so that it shows in a number that it must have been handed out.
_RANDOM: Final = 29
_DRAFT: Final = re.compile(rf"HA[0-9A-Z]{{{_RANDOM}}}")
_LIFE: Final = timedelta(days=1)


def random_number(length: int) -> str:
    """Return an order number that nobody else uses."""
    return f"HA{''.join(secrets.choice(_CHARACTERS) for _ in range(length))}"


async def async_hand_out(journal: Journal, meter: CreditedMeter, user_id: str | None) -> str:
    """Return a user's one open draft for a meter: whoever asks twice gets the same.

    Raises HomeAssistantError if it can't be written down.
    """
    key = f"{_key(meter)}{user_id or ''}"
    note = journal.notes.get(key)
    if note is not None and _is_alive(note) and not journal.knows(note["number"]):
        return str(note["number"])
    number = random_number(_RANDOM)
    await journal.async_note(key, {"number": number, "made": dt_util.utcnow().isoformat()})
    return number


def require_draft(journal: Journal, meter: CreditedMeter, number: str) -> None:
    """Refuse a number that looks like a draft but isn't one for this meter, or not any more."""
    if not _DRAFT.fullmatch(number):
        return
    for key, note in journal.notes.items():
        if key.startswith(_key(meter)) and note["number"] == number and _is_alive(note):
            return
    raise refusal(key="no_draft", order_number=number, meter=meter.name)


def _key(meter: CreditedMeter) -> str:
    """Return how the keys of a meter's drafts begin."""
    return f"draft|{meter.account_id}|{meter.user_code}|"


def _is_alive(note: dict[str, Any]) -> bool:
    """Tell whether a draft may still be used."""
    return timedelta(0) <= dt_util.utcnow() - datetime.fromisoformat(note["made"]) <= _LIFE
