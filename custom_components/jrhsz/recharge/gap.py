"""What the journal may lack after it was restored or lost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

GAP: Final = "gap"
_COMPARED: Final = "compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The span whose orders may be missing, and whether a person knows of that."""

    begin: datetime
    end: datetime
    confirmed: bool = False

    def as_record(self) -> dict[str, Any]:
        """Return what is written, JSON-ready."""
        return {
            "begin": self.begin.isoformat(),
            "end": self.end.isoformat(),
            "confirmed": self.confirmed,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what was written."""
        return cls(
            begin=datetime.fromisoformat(record["begin"]),
            end=datetime.fromisoformat(record["end"]),
            confirmed=record["confirmed"],
        )


def compared(account: str, user_code: str) -> str:
    """Return the key of the note that a meter's payments of the gap were compared."""
    return f"{_COMPARED}|{account}|{user_code}"


def is_about_gap(key: str) -> bool:
    """Tell whether a note is about a gap."""
    return key == GAP or key.startswith(f"{_COMPARED}|")
