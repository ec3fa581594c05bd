"""What was measured, beside its limit or its floor."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

_HEADER = ("figure", "value", "limit or floor", "ratio", "must be", "")
_NUMBERS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; `bound` is what its ratio to the limit or floor beside it may be at most.

    Where the ratio must be at least the bound, `at_least` is true. Beside a limit of zero there
    is no ratio: the value must be zero too.
    """

    name: str
    value: float
    beside: float
    unit: str = ""
    bound: float = 1.0
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Return the ratio."""
        return self.value / self.beside if self.beside else None

    @property
    def ok(self) -> bool:
        """Tell whether the promise holds."""
        if self.ratio is None:
            return self.value == 0
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.name,
            f"{_shown(self.value)} {self.unit}".strip(),
            f"{_shown(self.beside)} {self.unit}".strip(),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "0" if self.ratio is None else f"{'≥' if self.at_least else '≤'} {self.bound:g}",
            "ok" if self.ok else "FAIL",
        )


def table(figures: Iterable[Figure]) -> str:
    """Return a table that is also one in Markdown."""
    rows = [_HEADER, *(figure.cells for figure in figures)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [_line(cells, widths) for cells in rows]
    rule = ["-" * (size - 1) + (":" if i in _NUMBERS else "-") for i, size in enumerate(widths)]
    return "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    """Return one line: numbers to the right, the rest to the left."""
    padded = (
        " " * (size - _width(cell)) + cell if i in _NUMBERS else cell + " " * (size - _width(cell))
        for i, (cell, size) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _shown(value: float) -> str:
    """Return a number with three digits that tell something, or all of a whole one."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.{max(0, 2 - _magnitude(value))}f}"


def _magnitude(value: float) -> int:
    """Return the power of ten of a number's first digit."""
    return int(f"{value:e}".partition("e")[2])
