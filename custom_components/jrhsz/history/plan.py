"""When what of a meter's history is to be read: rules without Home Assistant."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from ..api import CHINA_STANDARD_TIME
from .billing import needed_since
from .readings import DAY, HOUR
from .state import MeterHistory, Window
from .usage import Usage, next_hour

OVERLAP: Final = 3 * DAY
RENEWED: Final = 30 * DAY
# With the days that are asked for around it, hourly records of so many days are one page.
_WINDOW: Final = 38 * DAY
_NIGHT: Final = timedelta(hours=1)
_DAYS_APART: Final = 7
_PAYMENTS_VALID: Final = 36 * HOUR


def is_sync_due(history: MeterHistory, read_time: datetime | None, now: int) -> bool:
    """Tell whether records are to be read: at once at first, then hourly if there are new ones.

    The last hour that they tell of is to be written when it is over, though no new one comes.
    """
    since = now - history.synced_at
    if not history.complete or since < 0:
        return True
    if history.synced_at < history.payments_read_at <= now:
        # What was paid settles the cost of what was read before.
        return True
    is_read = read_time is not None and read_time.timestamp() > history.used_until
    is_over = history.synced_at < next_hour(history.used_until) <= now
    return since >= (HOUR if is_read or is_over or history.awaits_payment else DAY)


def is_renewal_due(history: MeterHistory, user_code: str, now: int) -> bool:
    """Tell whether the last month is to be read again: in one night of the week for each meter."""
    night = _last_night(now)
    night -= (night // DAY - crc32(user_code.encode())) % _DAYS_APART * DAY
    return history.complete and not night <= history.renewed_at <= now


def are_payments_due(history: MeterHistory, now: int) -> bool:
    """Tell whether payments are to be read: nightly, and hourly while a balance waits for one."""
    if history.payments_read_at < _last_night(now) or history.payments_read_at > now:
        return True
    if is_credited_due(history):
        return True
    return history.awaits_payment and now - history.payments_read_at >= HOUR


def is_credited_due(history: MeterHistory) -> bool:
    """Tell whether the payments of the past are not in their statistic yet."""
    since, started = history.credited_since, history.started
    return since is None or (started is not None and started < since)


def payments_begin(history: MeterHistory, now: int) -> int:
    """Return since when payments are to be read: those of a month may come late or change."""
    begin = min(history.ledger.accounted_until or now - 2 * DAY, now - RENEWED)
    return min(begin, history.started or begin) if is_credited_due(history) else begin


def costs_at(history: MeterHistory, now: int) -> int | None:
    """Return as of when the cost can be settled: when payments were read, if that is new."""
    return (
        history.payments_read_at
        if now - _PAYMENTS_VALID < history.payments_read_at <= now
        else None
    )


def first_begin(days: int, stored_until: int | None, now: int) -> int:
    """Return where the first import begins; what is stored of an earlier time goes on."""
    begin = now - days * DAY
    return begin if stored_until is None else min(max(begin, stored_until - OVERLAP), now)


def next_window(history: MeterHistory, now: int, *, is_renewal: bool) -> Window:
    """Return the span of records to read next."""
    started = history.started if history.started is not None else now
    begin = history.begin or started
    if history.complete and history.ledger.samples:
        begin = max(started, min(begin, needed_since(history.ledger)))
    if is_renewal:
        begin = min(begin, max(started, now - RENEWED))
        return Window(begin, now, goes_on=begin > started, reaches_present=True, renews=True)
    end = now
    if not history.complete:
        # Where there are few records, the next window begins at an old one.
        end = min(now, max(begin + _WINDOW, (history.cursor or started) + RENEWED))
    return Window(begin, end, goes_on=history.begin is not None, reaches_present=end == now)


def rebuilt_window(history: MeterHistory, since: int, seam: int | None, now: int) -> Window:
    """Return the span of records to read to write over what is stored since a time.

    It begins at a seam before, if anything is stored there: what is kept up to it is as it was
    before whatever is to be repaired. An import that isn't complete goes on after this window,
    which must not leave a gap between.
    """
    begin = since if seam is None else seam
    begin = min(begin, history.begin or history.started or begin)
    goes_on = seam is not None or (history.started is not None and begin > history.started)
    return Window(begin, now, goes_on=goes_on, reaches_present=True)


def spans(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield spans that together are one, of a page each if records are hourly."""
    while begin < end:
        yield begin, min(begin + _WINDOW, end)
        begin += _WINDOW


def next_begin(history: MeterHistory, usage: Usage) -> int | None:
    """Return where the next window begins: with an overlap, and with the oldest balance."""
    needed = usage.end - OVERLAP
    if history.ledger.samples:
        needed = min(needed, needed_since(history.ledger))
    return usage.boundary(needed) or history.begin


def _last_night(now: int) -> int:
    """Return when the last night's work began, in China."""
    china = datetime.fromtimestamp(now, CHINA_STANDARD_TIME) - _NIGHT
    midnight = china.replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight + _NIGHT).timestamp())
