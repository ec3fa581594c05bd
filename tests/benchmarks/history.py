"""The first import of 62 days of 1,000 meters at the real pace, and how polling fares meanwhile.

It takes nine minutes, five of a processor: most of them Home Assistant's to write 1.5 million rows,
and the platform's and the virtual clock's. So it runs only if it is named.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from custom_components.jrhsz.const import DOMAIN

from .age import oldest_of
from .blocking import Blocking
from .figures import Figure
from .home import entry_of
from .recorded import (
    APART,
    MILLISECONDS,
    SCAN_INTERVAL,
    Effort,
    Errors,
    imported,
    platform,
    recording_home,
    wrong_rows,
)
from .virtual_time import VirtualLoop, run
from .weight import MEGABYTE

METERS = 1000
DAYS = 62
_PAGE = 1000
_LISTS = "GetConsumenList"
_POLLS = "GetUserInfo"


def measure(meters: int = METERS, days: int = DAYS) -> list[Figure]:
    """Import all of an account on SQLite."""
    return run(lambda loop: _measured(loop, meters, days))


async def _measured(loop: VirtualLoop, meters: int, days: int) -> list[Figure]:
    """Return the figures."""
    with TemporaryDirectory() as folder, Errors() as errors:
        url = f"sqlite:///{folder}/recorder.db"
        async with (
            platform(loop, meters, days) as simulator,
            recording_home(loop, Path(folder), url) as hass,
        ):
            entry = entry_of(simulator, history_days=days)
            before = _peak(forget=True)
            with Effort(loop) as effort, Blocking(DOMAIN) as blocking:
                await hass.config_entries.async_add(entry)
                await imported(entry)
            peak = _peak() - before
            lists, polls = len(simulator.calls_of(_LISTS)), len(simulator.calls_of(_POLLS))
            oldest = max(oldest_of(simulator).values())
            known = entry.runtime_data.coordinators.values()
            rows, wrong = await wrong_rows(hass, known, simulator)
            early = simulator.early
    # Each meter has so many pages of hourly records.
    least = -(-days * 24 // _PAGE) * meters * APART
    where = f", {blocking.where}" if blocking.where else ""
    return [
        Figure(
            f"{meters:,} meters × {days} days, {rows:,} rows: first import, beside a call per page",
            effort.virtual,
            least,
            "s",
            bound=1.75,
        ),
        Figure("  lists read, beside what the limit allows", lists, effort.virtual / APART),
        Figure("  polls meanwhile, beside what the limit allows", polls, effort.virtual / APART),
        Figure("  oldest value", oldest, max(SCAN_INTERVAL, APART * meters), "s", bound=1.25),
        Figure("  processor, platform included", effort.cpu, effort.virtual, "s", bound=0.1),
        Figure("  work of this machine", effort.wall, effort.virtual, "s", bound=0.25),
        Figure(f"  longest block of our own{where}", blocking.worst_own * MILLISECONDS, 50, "ms"),
        Figure("  longest block at all", blocking.worst * MILLISECONDS, 50, "ms"),
        Figure("  memory at its peak", peak / MEGABYTE, 400, "MB"),
        Figure("  meters with any wrong row", len(wrong), 0),
        Figure("  errors logged", len(errors.lines), 0),
        Figure("  early calls", early, 0),
    ]


def _peak(*, forget: bool = False) -> int:
    """Return how many bytes this process had in memory at most, since it last forgot."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
