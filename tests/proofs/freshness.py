"""Prove that values are fresh: what is polled when is simulated, and compared with an oracle.

Staleness is the time from when the platform had a reading until it was polled. The oracle knows
every report in advance and polls for each once, first come first served. What decides is the
integration's own `Rhythm`; the queue is that of its pacer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import heapq
import itertools
from random import Random
from statistics import mean
from typing import Final, Literal

from custom_components.jrhsz.api import Priority
from custom_components.jrhsz.rhythm import Rhythm

from .frame import Options, Proof, say

INTERVAL: Final = 1800.0
CALL: Final = 2.03
HOUR, DAY = 3600.0, 86_400.0
# What a meter's rhythm is learnt from.
LEARNT_FROM: Final = 3

type Kind = Literal["hourly", "at once", "6-hourly", "daily", "irregular"]
DAYS: Final[dict[Kind, int]] = {
    "hourly": 3,
    "at once": 3,
    "6-hourly": 7,
    "daily": 12,
    "irregular": 3,
}


@dataclass(slots=True)
class Meter:
    """A meter: its reports, as pairs of their time and when they were there, and what is known."""

    reports: list[tuple[float, float]]
    is_low: bool = False
    rhythm: Rhythm = field(default_factory=Rhythm)
    seen: int = 0
    polls: int = 0

    def poll(self, now: float, note: Callable[[float, bool], None]) -> float | None:
        """Return the time of the last reading that is there, and note how stale each was."""
        while self.seen < len(self.reports) and self.reports[self.seen][1] <= now:
            if self.seen >= LEARNT_FROM:
                note(now - self.reports[self.seen][1], self.is_low)
            self.seen += 1
        return self.reports[self.seen - 1][0] if self.seen else None


@dataclass(slots=True)
class Run:
    """What came of a simulation; gaps and waits are the longest, in seconds."""

    staleness: list[float] = field(default_factory=list)
    of_low: list[float] = field(default_factory=list)
    calls: int = 0
    gap: float = 0.0
    wait: float = 0.0

    def note(self, staleness: float, is_low: bool) -> None:  # noqa: FBT001  a callback
        """Note how stale a reading was when it was seen."""
        (self.of_low if is_low else self.staleness).append(staleness)

    @property
    def mean(self) -> float:
        """Return the mean staleness of all meters."""
        return mean([*self.staleness, *self.of_low])


def reports(kind: Kind, random: Random, end: float) -> list[tuple[float, float]]:
    """Return a meter's reports: what it takes until one is there is its own, ± 30 s."""
    takes = random.uniform(0, 900)
    times: Iterator[float]
    if kind == "irregular":
        times = itertools.accumulate(random.expovariate(1 / 5400) + 60 for _ in itertools.count())
    else:
        period = {"6-hourly": 6 * HOUR, "daily": DAY}.get(kind, HOUR)
        times = itertools.count(1000.0 if kind == "at once" else random.uniform(0, period), period)
    return [
        (time, time + max(0.0, takes + random.uniform(-30, 30)))
        for time in itertools.takewhile(lambda time: time < end, times)
    ]


def meters_of(kind: Kind, count: int, *, seed: int, low: int = 0) -> list[Meter]:
    """Return the meters of an account, of which some are low on balance."""
    random = Random(seed)  # noqa: S311  seeded, to be repeated
    end = DAYS[kind] * DAY
    return [Meter(reports(kind, random, end), number < low) for number in range(count)]


def oracle(meters: list[Meter]) -> float:
    """Return the mean staleness that the oracle has."""
    free, total, there = 0.0, 0.0, sorted(at for meter in meters for _, at in meter.reports)
    for at in there:
        begin = max(at, free)
        total += begin - at
        free = begin + CALL
    return total / len(there)


class Queue:
    """The calls that are due or will be: by priority, then by age."""

    def __init__(self) -> None:
        """Begin empty."""
        self._later: list[tuple[float, Priority, int, int]] = []
        self._waiting: dict[Priority, list[tuple[float, int, int]]] = {
            Priority.LOW: [],
            Priority.NEWS: [],
            Priority.POLL: [],
        }
        self.since: dict[int, float] = {}

    def put(self, at: float, priority: Priority, number: int, poll: int) -> None:
        """Let a meter's next poll have a priority from a time on."""
        heapq.heappush(self._later, (at, priority, number, poll))

    def take(self, now: float, meters: list[Meter]) -> int | None:
        """Return the meter whose turn it is, if any is due."""
        while self._later and self._later[0][0] <= now:
            at, priority, number, poll = heapq.heappop(self._later)
            if poll == meters[number].polls:
                since = self.since.setdefault(number, at)
                heapq.heappush(self._waiting[priority], (since, number, poll))
        for waiting in self._waiting.values():
            while waiting:
                _, number, poll = heapq.heappop(waiting)
                if poll == meters[number].polls:
                    return number
        return None

    @property
    def next_at(self) -> float:
        """Return when the next one is due."""
        return self._later[0][0]


def simulate(meters: list[Meter], kind: Kind, *, seed: int, fixed: bool = False) -> Run:
    """Poll the meters at the platform's pace; `fixed` means once an interval."""
    random, run, queue = Random(seed), Run(), Queue()  # noqa: S311  seeded, to be repeated
    for number in range(len(meters)):
        queue.put(random.uniform(0, INTERVAL), Priority.POLL, number, 0)
    now = 0.0
    while now < DAYS[kind] * DAY:
        turn = queue.take(now, meters)
        if turn is None:
            now = queue.next_at
            continue
        meter = meters[turn]
        run.calls += 1
        run.wait = max(run.wait, now - queue.since.pop(turn))
        if (before := meter.rhythm.polled_at) is not None:
            run.gap = max(run.gap, now - before)
        meter.rhythm.note(meter.poll(now, run.note), now, INTERVAL)
        meter.polls += 1
        at, news_at = meter.rhythm.next_poll(INTERVAL)
        if fixed:
            at, news_at = now + INTERVAL, None
        queue.put(at, Priority.POLL, turn, meter.polls)
        rises_at = max(at, meter.rhythm.urgent_at(at, INTERVAL, len(meters) * CALL))
        queue.put(rises_at, Priority.NEWS, turn, meter.polls)
        if news_at is not None:
            priority = Priority.LOW if meter.is_low else Priority.NEWS
            queue.put(max(at, news_at), priority, turn, meter.polls)
        now += CALL
    return run


def faults(kind: Kind, count: int, *, seed: int) -> tuple[list[str], str]:
    """Return what is not as promised, and what was measured."""
    meters = meters_of(kind, count, seed=seed)
    best = oracle(meters)
    ours = simulate(meters, kind, seed=seed)
    today = simulate(meters_of(kind, count, seed=seed), kind, seed=seed, fixed=True)
    # Those that seem to have a rhythm for a while are polled at other times, which is as good.
    bound = 1.01 * today.mean if kind == "irregular" else 1.2 * best + 60
    whole_pass = count * CALL
    told = (
        f"{kind}, {count:,}: {ours.mean:.0f} s (oracle {best:.0f} s, interval {today.mean:.0f} s), "
        f"calls {ours.calls / today.calls:.2f}, gap {ours.gap / max(INTERVAL, whole_pass):.2f}"
    )
    wrong = []
    if ours.mean > bound:
        wrong.append(f"staleness above {bound:.0f} s")
    if ours.calls > 1.1 * today.calls:
        wrong.append("too many calls")
    # Where a pass takes longer than the interval, it is the wait that counts.
    if whole_pass < INTERVAL and ours.gap > 1.25 * INTERVAL:
        wrong.append("too long a gap")
    if ours.wait > 1.25 * max(whole_pass, 0.1 * INTERVAL):
        wrong.append("too long a wait")
    return wrong, told


def prove(options: Options) -> Proof:
    """Simulate accounts of all sizes and rhythms."""
    seeds = [1, 2] if options.seed is None else [options.seed]
    tried, failed = 0, []
    for seed, kind, count in itertools.product(seeds, DAYS, (8, 100, 1000)):
        wrong, told = faults(kind, count, seed=seed)
        tried += 1
        say(f"  {told}{' FAILED: ' * bool(wrong)}{', '.join(wrong)}")
        if wrong:
            failed.append(seed)
    for seed in seeds:
        meters = meters_of("at once", 1000, seed=seed, low=50)
        run = simulate(meters, "at once", seed=seed)
        late = sum(staleness > 2 * 60 for staleness in run.of_low) / len(run.of_low)
        tried += 1
        say(f"  50 in arrears within 1,000: {late:.1%} later than two minutes")
        if late > 0.05:
            failed.append(seed)
    return Proof(tried, "accounts", tuple(dict.fromkeys(failed)))
