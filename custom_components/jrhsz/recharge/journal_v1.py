"""The journal's file as it was before: one JSON document, written as a whole each time.

It is taken over once. What stands in its place afterwards makes an older version of this
integration refuse recharges, because a later version wrote the file, rather than begin anew.
"""

from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
from typing import Final

from .disk import replace
from .journal_lines import DamagedJournalError
from .order import Order

_VERSION: Final = 1
_RETIRED: Final = {"version": 2, "moved": True}


@dataclass(frozen=True, slots=True)
class OldJournal:
    """What the file held; or that it was taken over already."""

    orders: tuple[Order, ...] = ()
    hashes: tuple[str, ...] = ()
    is_retired: bool = False


def read(path: Path) -> OldJournal | None:
    """Return the orders and hashes of a file, if there is one.

    Raises DamagedJournalError if it isn't whole, OSError if a later version wrote it.
    """
    try:
        record = json.loads(path.read_bytes())
        if record == _RETIRED:
            return OldJournal(is_retired=True)
        if record["version"] > _VERSION:
            msg = "a later version wrote it"
            raise OSError(msg)
        body = {"orders": record["orders"], "hashes": record["hashes"]}
        serialized = json.dumps(body, sort_keys=True).encode()
        if record["checksum"] != hashlib.sha256(serialized).hexdigest():
            raise DamagedJournalError
        orders = tuple(map(Order.from_record, body["orders"]))
        return OldJournal(orders, tuple(body["hashes"]))
    except FileNotFoundError:
        return None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as err:
        raise DamagedJournalError from err


def retire(path: Path, temporary: Path) -> None:
    """Leave what an older version refuses.

    Raises OSError if it can't be written.
    """
    replace(path, temporary, [json.dumps(_RETIRED).encode()])
