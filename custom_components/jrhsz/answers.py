"""What is believed of a meter's answers: nothing outdated, no reading that can't be right."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .api import MeterInfo
from .const import LOGGER
from .history.judged import Judged
from .history.readings import Point, limit_of
from .reading import ReadingWatch

# After so many answers without a time a meter has none.
_UNTIMED: Final = 2
# By so much the platform's clock may be ahead of ours.
_CLOCK_SLIP: Final = timedelta(hours=1)


@dataclass(slots=True)
class AnswerWatch:
    """Watches the answers of one meter.

    `baseline` is the last answer whose reading is believed, `reported_at` when the meter was read
    last, though that reading may be held back; `changed_at` is when polls last saw another one.
    """

    user_code: str
    readings: ReadingWatch = field(default_factory=ReadingWatch)
    baseline: MeterInfo | None = None
    reported_at: datetime | None = None
    changed_at: datetime | None = None
    _untimed: int = 0

    def note_times(self, info: MeterInfo, shown: MeterInfo | None) -> bool:
        """Note when the reading changed; tell if it is news that its times can't be read."""
        now = dt_util.utcnow()
        is_new = shown is None or info.reading not in {None, shown.reading}
        if is_new or self.changed_at is None or self.changed_at > now:
            self.changed_at = now
        if info.reading is None or info.read_time is not None:
            self._untimed = 0
            return False
        # One answer without a time may be an accident, of a meter that had times.
        self._untimed = self._untimed + 1 if shown is not None else _UNTIMED
        return self._untimed == _UNTIMED

    def heard_at(self, read_time: datetime | None) -> datetime | None:
        """Return when a meter was heard that was read then: unless that can be, as polls saw it."""
        if read_time is None or read_time > dt_util.utcnow() + _CLOCK_SLIP:
            return self.changed_at
        return read_time

    def accepted(
        self, info: MeterInfo, shown: MeterInfo | None, judged: Mapping[str, Judged]
    ) -> MeterInfo:
        """Return what is believed of an answer, after what was shown so far.

        A missing type or number changes nothing. An answer older than the one before is that of a
        copy of the platform that lags, and says nothing new. A reading that can't go on from the
        one before is held back until later ones tell: a single 0 would add thousands to a total.
        """
        if shown is not None:
            info = replace(
                info,
                table_no=info.table_no or shown.table_no,
                meter_type=info.meter_type if info.kind else shown.meter_type,
            )
            if _is_outdated(info, shown):
                return shown
        self.reported_at = info.read_time
        if info.reading is None or info.reading < 0:
            return replace(info, reading=None)
        last, is_first = self.baseline, self.readings.held is None
        if self._believes(info, info.reading, judged.get(info.table_no or "")) or last is None:
            self.baseline = info
            return info
        if is_first:
            LOGGER.warning(
                "The reading of meter %s went from %s to %s; it is held back until later readings "
                "show which of them is right",
                self.user_code,
                last.reading,
                info.reading,
            )
        return replace(info, reading=last.reading, read_time=last.read_time)

    def _believes(self, info: MeterInfo, reading: Decimal, judged: Judged | None) -> bool:
        """Tell whether a reading is right, as far as can be told by now."""
        now = dt_util.utcnow()
        time = now if info.read_time is None else min(now, info.read_time)
        peak = judged.peaks[-1].reading if judged and judged.peaks else Decimal(0)
        point = Point(int(time.timestamp()), reading)
        return self.readings.believes(info.table_no, point, limit_of(info.kind), peak)

    def as_dict(self, shown: MeterInfo | None, record: dict[str, Any] | None) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready, beside the record of what is shown."""
        # Mostly they are the same.
        if self.baseline != shown:
            record = self.baseline.as_record() if self.baseline else None
        return {
            "baseline": record,
            "readings": self.readings.as_dict(),
            "changed_at": self.changed_at.isoformat() if self.changed_at else None,
        }

    def restore(self, kept: dict[str, Any], shown: MeterInfo | None) -> None:
        """Take over what `as_dict` gave; anything else is as good as nothing."""
        baseline = kept.get("baseline")
        if baseline == kept.get("info"):
            self.baseline = shown
        elif isinstance(baseline, dict):
            self.baseline = MeterInfo.from_record(baseline)
        self.readings = ReadingWatch.from_dict(kept.get("readings")) or self._readings_before()
        if isinstance(changed_at := kept.get("changed_at"), str):
            self.changed_at = dt_util.parse_datetime(changed_at)
        if shown is not None:
            self.reported_at = shown.read_time
            if shown.read_time is None:
                # It was told before.
                self._untimed = _UNTIMED

    def _readings_before(self) -> ReadingWatch:
        """Return what is known of readings where only the last one was kept, as at first."""
        if (last := self.baseline) is None or last.reading is None:
            return ReadingWatch()
        time = int(last.read_time.timestamp()) if last.read_time else 0
        return ReadingWatch(table_no=last.table_no, last=Point(time, last.reading))


def _is_outdated(info: MeterInfo, shown: MeterInfo) -> bool:
    """Tell whether an answer is older than the one that is shown, of the same meter."""
    before, now = shown.read_time, info.read_time
    return (
        info.table_no == shown.table_no
        and before is not None
        and now is not None
        # A time in the future is wrong, and must not shut out those that are right.
        and now < before <= dt_util.utcnow() + _CLOCK_SLIP
    )
