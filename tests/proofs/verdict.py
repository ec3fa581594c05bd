"""What an oracle says of a life: what is wrong in it, and how large errors are."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime

from custom_components.jrhsz.api import CHINA_STANDARD_TIME

from .lives.line import HOUR


@dataclass(slots=True)
class Verdict:
    """What is wrong, and the largest errors of use and cost by their span."""

    faults: list[str] = field(default_factory=list)
    errors: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, error: float) -> None:
        """Keep the largest error."""
        self.errors[what] = max(self.errors.get(what, 0.0), error)

    def blame(self, fault: str, time: float, told: float | None, truth: float) -> None:
        """Note a fault: what was told at a time, and what is true."""
        at = datetime.fromtimestamp(time, CHINA_STANDARD_TIME)
        shown = "nothing" if told is None else f"{told:.6f}"
        self.faults.append(f"{fault} at {at:%Y-%m-%d %H:%M}: {shown}, in truth {truth:.6f}")


class Rows:
    """Rows of a statistic as sums at the ends of hours."""

    def __init__(self, rows: dict[int, tuple[float, float]]) -> None:
        """Sort the rows."""
        self.ends = [hour + HOUR for hour in sorted(rows)]
        self.sums = [rows[end - HOUR][1] for end in self.ends]

    def at(self, time: float) -> float:
        """Return the sum at a time, zero before the first row."""
        index = bisect_right(self.ends, time)
        return self.sums[index - 1] if index else 0.0

    def rise(self, begin: float, end: float) -> float:
        """Return by how much the sum rises in a span."""
        return self.at(end) - self.at(begin)
