"""What is learnt of how an account's platform lists the records of one interface."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Dates(StrEnum):
    """The forms in which the ends of a span may be asked for."""

    TIMES = "%Y-%m-%d %H:%M:%S"
    DAYS = "%Y-%m-%d"

    @property
    def other(self) -> Dates:
        """Return the other form."""
        return Dates.DAYS if self is Dates.TIMES else Dates.TIMES


@dataclass(slots=True)
class Habits:
    """The habits of one interface, as far as they are known.

    `shown` are the forms of dates that have shown records: in another one, an empty list may be
    one that wasn't understood.
    """

    dates: Dates = Dates.TIMES
    shown: set[Dates] = field(default_factory=set)
    page_cap: int | None = None
    longest_page: int = 0
    first_page: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {
            "dates": self.dates.value,
            "shown": sorted(form.value for form in self.shown),
            "page_cap": self.page_cap,
            "longest_page": self.longest_page,
            "first_page": self.first_page,
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read what `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
        cap, longest, first = kept["page_cap"], kept["longest_page"], kept["first_page"]
        sizes = (longest if cap is None else cap, longest)
        if not all(type(size) is int for size in sizes) or first not in (None, 0, 1):
            raise ValueError(kept)
        return cls(Dates(kept["dates"]), set(map(Dates, kept["shown"])), cap, longest, first)
