"""Records as the platform lists them: some by hand, and random streams of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption

DAY = datetime(2026, 3, 2, tzinfo=CHINA_STANDARD_TIME)
NOW = DAY + timedelta(hours=30)
# Twice what a reading rises by at most with one that is missed, and a little more: what falls by so
# much doesn't come back by a jump.
_FALL = 28
QUICK = (600, 1800, 3600, 3600, 7200)


def moment(text: str) -> datetime:
    """Return the time of a clock on the day, or on a later one ("+1 08:00")."""
    days, _, clock = text.rpartition(" ")
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes))


def record(
    last: str | None, low: str | None, time: str | None, high: str | None, table: str | None = "A"
) -> Consumption:
    """Return a record: from one time and reading to another."""
    return Consumption(
        table_no=table,
        reading=None if high is None else Decimal(high),
        read_time=None if time is None else moment(time),
        last_reading=None if low is None else Decimal(low),
        last_read_time=None if last is None else moment(last),
        device_id=None,
    )


@st.composite
def streams(
    draw: st.DrawFn,
    most: int = 60,
    gaps: tuple[int, ...] = (600, 1800, 3600, 3600, 7200, 40_000, 90_000),
) -> list[Consumption]:
    """Draw the records of a meter that may be replaced, may be read twice, and may be missed.

    Its reading may fall, but no sooner than an hour after it began: else nothing tells which is
    wrong. Of two records that follow each other, one is not missed.
    """
    records: list[Consumption] = []
    event = "record"
    time = DAY + timedelta(seconds=draw(st.integers(0, 3600)))
    reading = Decimal(draw(st.integers(0, 10_000))).scaleb(-2)
    number, began = 1, time
    for _ in range(draw(st.integers(2, most))):
        gap = timedelta(seconds=draw(st.sampled_from(gaps)))
        events = ["record"] * 12 + ["blank", "twice"]
        if records:
            events.append("replaced")
        if event != "missed":
            events.append("missed")
        if reading > _FALL and time - began >= timedelta(hours=1):
            events.append("fell")
        event = draw(st.sampled_from(events))
        after = reading + Decimal(draw(st.integers(0, 500))).scaleb(-2)
        if event == "replaced":
            number += 1
            # By a new one, by one that was used, or by itself under another number.
            begin = draw(st.sampled_from([Decimal(0), reading + 1000, reading]))
            after = begin + Decimal(draw(st.integers(0, 500))).scaleb(-2)
        if event in {"replaced", "fell"}:
            began = time + gap
        if event == "fell":
            after = Decimal(draw(st.integers(0, int(reading - _FALL) * 100))).scaleb(-2)
        item = Consumption(
            table_no=f"N{number}",
            reading=after,
            read_time=time + gap,
            last_reading=None if event == "blank" else reading,
            last_read_time=None if event == "blank" else time,
            device_id=None,
        )
        if event != "missed":
            records.append(item)
        if event == "twice":
            middle = item.read_time
            assert middle is not None
            records.append(
                Consumption(
                    table_no=f"N{number}",
                    reading=after + 1,
                    read_time=middle + timedelta(minutes=1),
                    last_reading=reading,
                    last_read_time=time,
                    device_id="2",
                )
            )
            reading, time = after + 1, middle + timedelta(minutes=1)
        else:
            reading, time = after, time + gap
    return records


def risen(records: list[Consumption]) -> Decimal:
    """Return last − first reading of each register of each meter, as far as records tell them."""
    points: dict[str | None, dict[datetime, Decimal]] = {}
    for item in sorted(records, key=lambda item: item.read_time or DAY):
        assert item.read_time is not None
        assert item.reading is not None
        is_first = item.table_no not in points
        known = points.setdefault(item.table_no, {})
        if item.last_reading is not None and item.last_read_time is not None:
            # The first record of another meter repeats the last reading of the old one.
            low = item.last_reading
            if is_first and len(points) > 1 and item.reading < low:
                low = Decimal(0)
            if not is_first or item.reading < low + 1000:
                known.setdefault(item.last_read_time, low)
        known[item.read_time] = item.reading
    return sum(
        (
            max(Decimal(0), after - before)
            for known in points.values()
            for (_, before), (_, after) in pairwise(sorted(known.items()))
        ),
        Decimal(0),
    )
