"""Lives of a meter whose register goes wrong: what it read, and what was used in truth."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
import random
from typing import Final

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption

BEGIN: Final = datetime(2026, 3, 2, tzinfo=CHINA_STANDARD_TIME)
INTERVALS: Final = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=1),
    timedelta(days=1),
)
RUNS: Final = (1, 1, 2, 3, 4, 5, 8, 12, 25, 50)
# The last readings of a life are right, so that what came before is known.
QUIET: Final = 12
EVENTS: Final = ("wrong", "wrong", "wrong", "used", "new", "repeated", "repeated_used", "reset")


@dataclass(slots=True)
class Life:
    """The records of a meter, and the use up to each time at which its reading was right."""

    records: list[Consumption] = field(default_factory=list)
    truth: dict[datetime, Decimal] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """Return when all is over, with the last hour."""
        return max(self.truth) + timedelta(hours=1)


def number(dice: random.Random, low: float, high: float) -> Decimal:
    """Return a number with two decimals."""
    return Decimal(dice.randint(int(low * 100), int(high * 100))).scaleb(-2)


def life(dice: random.Random, count: int, events: tuple[str, ...] = EVENTS) -> Life:
    """Return a life of so many readings at one interval, in which some things happen.

    A register is wrong for a while: 0, 99999, or counting from 0. A meter is replaced by one that
    is new or was used, and the first record says what that read first, or repeats what the old one
    read last. A register is reset, once at most: two of one number can't be told from a wrong one.
    """
    interval = dice.choice(INTERVALS)
    # Up to 1.2 kWh an hour.
    most = 1.2 * (interval / timedelta(hours=1))
    made, wrong, kind, quiet, table, is_reset = Life(), 0, "", 3, 1, False
    time = BEGIN + timedelta(minutes=dice.randrange(60))
    reading, total, counted = number(dice, 50, 9_000), Decimal(0), Decimal(0)
    made.truth[time] = total
    last, shown = time, reading
    for index in range(count):
        time += interval + timedelta(seconds=dice.randrange(-60, 60))
        use = number(dice, 0, most) if dice.random() < 0.8 else Decimal(0)
        event = ""
        if not wrong and quiet < index < count - RUNS[-1] - QUIET and dice.random() < 0.03:
            event = dice.choice(events)
            quiet = index + QUIET
        repeated = shown
        if event == "wrong":
            wrong, kind, counted = dice.choice(RUNS), dice.choice(("0", "99999", "counts")), -use
            quiet += wrong
        elif event in {"used", "repeated_used"}:
            table, reading = table + 1, reading + number(dice, 3_000, 9_000)
        elif event in {"new", "repeated"}:
            # A low reading may be that of the old meter, or of the new one.
            event = event if reading > 2 * most + 20 else "new"
            table, reading = table + 1, Decimal(0)
        elif event == "reset" and not is_reset and 2 * most + 20 < reading < 9_800:
            # The use in between isn't known.
            is_reset, reading, total = True, Decimal(0), total - use
        if event in {"used", "new"}:
            repeated = reading
        if event == "repeated_used":
            total -= use
        reading, total, counted = reading + use, total + use, counted + use
        shown = reading
        if wrong:
            wrong -= 1
            shown = counted if kind == "counts" else Decimal(kind)
        else:
            made.truth[time] = total
        made.records.append(
            Consumption(
                table_no=f"N{table}",
                reading=shown,
                read_time=time,
                last_reading=repeated,
                last_read_time=last,
                device_id=None,
            )
        )
        last = time
    return made
