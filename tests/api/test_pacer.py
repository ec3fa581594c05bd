"""Tests of the pace, on a fake clock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import itertools
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.jrhsz.api import (
    ConnectError,
    ExchangeError,
    ExchangeTimeoutError,
    Pacer,
    Priority,
    RateLimitError,
    Turn,
)
from custom_components.jrhsz.api.reply import Reply

from ..support.fake_time import FakeTime

METER = "GetUserInfo"
SUCCESS = Reply(code=200, message="", data=None, total_count=None)
TOO_SOON = Reply(code=1001, message="访问过于频繁", data=None, total_count=None)


@dataclass
class Platform:
    """A platform that notes when it was called."""

    time: FakeTime = field(default_factory=FakeTime)
    latency: float = 0.0
    answers: dict[str, Reply | Exception] = field(default_factory=dict)
    starts: list[tuple[str, str, float]] = field(default_factory=list)
    ends: list[tuple[str, str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the pacer."""
        self.pacer = Pacer(clock=self.time.clock, sleep=self.time.sleep)

    def call(
        self,
        name: str,
        turn: Turn | None = None,
        interface: str = METER,
        *,
        latency: float | None = None,
        prepare: Callable[[], Awaitable[Any]] | None = None,
    ) -> asyncio.Task[tuple[Any, Reply]]:
        """Call in a task."""

        async def nothing() -> None:
            """Prepare nothing."""

        async def exchange(_: Any) -> Reply:
            """Answer after a while."""
            self.starts.append((interface, name, self.time.now))
            await self.time.sleep(self.latency if latency is None else latency)
            self.ends.append((interface, name, self.time.now))
            answer = self.answers.get(name, SUCCESS)
            if isinstance(answer, Exception):
                raise answer
            return answer

        run = self.pacer.run(interface, turn or Turn(), prepare or nothing, exchange)
        return asyncio.get_running_loop().create_task(run, name=name)

    @property
    def order(self) -> str:
        """Return the names of the calls in the order in which they started."""
        return "".join(name for _, name, _ in self.starts)

    @property
    def times(self) -> list[float]:
        """Return when calls started, from the pacer's start on."""
        return [time - 1000 for _, _, time in self.starts]


@pytest.fixture
async def platform() -> Platform:
    """Return a platform that answers at once."""
    return Platform()


def pacer_tasks() -> list[str]:
    """Return the tasks that pacers run."""
    return [name for task in asyncio.all_tasks() if "pace of" in (name := task.get_name())]


async def test_first_call_waits_for_an_earlier_process(platform: Platform) -> None:
    """A process that ended just now may have called just now."""
    call = platform.call("a")
    await platform.time.run()
    assert await call == (None, SUCCESS)
    assert platform.times == [2.0]


@pytest.mark.parametrize("latency", [0.0, 0.3, 1.9, 2.0, 2.1, 29.0])
async def test_interval_counts_from_the_answer(platform: Platform, latency: float) -> None:
    """However long an answer takes, the next call comes two seconds after it."""
    platform.latency = latency
    calls = [platform.call(name) for name in "abc"]
    await platform.time.run()
    await asyncio.gather(*calls)
    assert platform.times == pytest.approx([2 + place * (2 + latency) for place in range(3)])
    assert platform.order == "abc"


async def test_idle_lane_is_due_at_once(platform: Platform) -> None:
    """After a pause nobody waits."""
    platform.call("a")
    await platform.time.run(60)
    platform.call("b")
    await platform.time.run()
    assert platform.times == [2.0, 60.0]


async def test_interfaces_are_independent(platform: Platform) -> None:
    """A slow interface holds up no other."""
    platform.call("a", interface="getBuildCode", latency=25)
    calls = [platform.call(name) for name in "bc"]
    await platform.time.run()
    await asyncio.gather(*calls)
    assert [(name, time - 1000) for _, name, time in platform.starts] == [
        ("a", 2.0),
        ("b", 2.0),
        ("c", 4.0),
    ]


async def test_priorities_then_age(platform: Platform) -> None:
    """Urgent calls go first, and of the same priority the oldest."""
    platform.call("h", Turn(Priority.HISTORY))
    platform.call("p", Turn(Priority.POLL))
    platform.call("q", Turn(Priority.POLL))
    platform.call("l", Turn(Priority.LOW))
    platform.call("a", Turn(Priority.ASKED))
    platform.call("r", Turn(Priority.RECHARGE))
    platform.call("u", Turn(Priority.USER))
    platform.call("v", Turn(Priority.USER))
    await platform.time.run()
    assert platform.order == "uvralpqh"


async def test_waiting_call_is_promoted(platform: Platform) -> None:
    """A poll that waits goes next once a person wants it, ahead of a younger urgent call."""
    polls = {name: Turn(Priority.POLL) for name in "abcde"}
    for name, turn in polls.items():
        platform.call(name, turn)
    await platform.time.run(2)
    assert platform.order == "a"
    assert polls["a"].started
    assert not polls["d"].started
    platform.call("u")
    polls["d"].priority = Priority.USER
    await platform.time.run()
    assert platform.order == "adubce"


async def test_turn_that_rises(platform: Platform) -> None:
    """A poll goes before others from the time on when there is news to expect."""
    platform.call("a", Turn(Priority.POLL))
    platform.call("b", Turn(Priority.POLL, rises=(1005.0, Priority.NEWS)))
    platform.call("c", Turn(Priority.POLL, rises=(1003.0, Priority.NEWS)))
    platform.call("d", Turn(Priority.POLL, rises=(1007.0, Priority.LOW)))
    platform.call("e", Turn(Priority.NEWS))
    platform.call("u", Turn(Priority.USER, rises=(1000.0, Priority.NEWS)))
    await platform.time.run()
    assert platform.order == "ucbdea"


async def test_three_urgent_calls_then_an_ordinary_one(platform: Platform) -> None:
    """A hundred refreshes don't end polling."""
    for name in "pqr":
        platform.call(name, Turn(Priority.POLL))
    for name in "0123456789":
        platform.call(name)
    await platform.time.run()
    assert platform.order == "012p345q678r9"


async def test_turn_used_again_keeps_its_age(platform: Platform) -> None:
    """The next page, or the same call with a new token, doesn't go to the end of the queue."""
    turn = Turn(Priority.POLL)
    call = platform.call("a", turn)
    for name in "bc":
        platform.call(name, Turn(Priority.POLL))
    await platform.time.run(2)
    await call
    started = [turn.started]
    platform.call("A", turn)
    await asyncio.sleep(0)
    started.append(turn.started)
    assert started == [True, False]
    await platform.time.run()
    assert platform.order == "aAbc"


async def test_cancelled_waiters_leave_no_gap(platform: Platform) -> None:
    """Who has gone isn't called for, and nobody waits for him."""
    calls = {name: platform.call(name) for name in "abcde"}
    await platform.time.run(3)
    calls["b"].cancel()
    calls["c"].cancel()
    await platform.time.run()
    assert platform.order == "ade"
    assert platform.times == [2.0, 4.0, 6.0]


async def test_last_waiter_cancelled_leaves_no_task(platform: Platform) -> None:
    """A queue that nobody waits in sleeps no more, and a new call needs no new wait."""
    first = platform.call("a")
    await platform.time.run(1)
    assert pacer_tasks() == [f"pace of {METER}"]
    first.cancel()
    await platform.time.run(0)
    assert pacer_tasks() == []
    second = platform.call("b")
    await platform.time.run(0)
    second.cancel()
    third = platform.call("c")
    await platform.time.run()
    assert await third == (None, SUCCESS)
    assert (platform.order, platform.times) == ("c", [2.0])
    assert pacer_tasks() == []


async def test_waiter_cancelled_before_the_lane_ran(platform: Platform) -> None:
    """A call that is cancelled at once is never made."""
    call = platform.call("a")
    await asyncio.sleep(0)
    call.cancel()
    await platform.time.run()
    assert platform.starts == []
    assert pacer_tasks() == []


async def test_caller_cancelled_in_flight(platform: Platform) -> None:
    """The platform still answers him: the lane stays closed until it has."""
    platform.latency = 5
    call = platform.call("a")
    other = platform.call("b")
    await platform.time.run(3)
    call.cancel()
    await platform.time.run()
    assert call.cancelled()
    assert await other == (None, SUCCESS)
    assert [time - 1000 for _, _, time in platform.ends] == [7.0, 14.0]
    assert platform.times == [2.0, 9.0]


async def test_caller_cancelled_in_flight_of_a_failure(platform: Platform) -> None:
    """An error that nobody waits for is no fault."""
    platform.latency = 5
    platform.answers["a"] = ExchangeError("cut")
    call = platform.call("a")
    await platform.time.run(3)
    call.cancel()
    await platform.time.run()
    assert call.cancelled()
    assert platform.pacer.recent_calls(METER)[0].outcome == "ExchangeError"


async def test_caller_cancelled_while_preparing(platform: Platform) -> None:
    """Nothing is sent for somebody who has gone, and the next one doesn't wait for it."""

    async def prepare() -> None:
        """Take a while."""
        await platform.time.sleep(3)

    call = platform.call("a", prepare=prepare)
    platform.call("b")
    await platform.time.run(4)
    call.cancel()
    await platform.time.run()
    assert (platform.order, platform.times) == ("b", [5.0])


async def test_preparing_that_fails_is_no_call(platform: Platform) -> None:
    """What wasn't sent needs no pause, and the error is the caller's."""

    async def fail() -> None:
        """Fail."""
        msg = "no token"
        raise ExchangeError(msg)

    calls = [platform.call("x", prepare=fail) for _ in range(3)]
    platform.call("a")
    await platform.time.run()
    assert platform.times == [2.0]
    for call in calls:
        with pytest.raises(ExchangeError, match="no token"):
            await call
    assert len(platform.pacer.recent_calls(METER)) == 1


async def test_many_calls_that_fail_at_once_block_nobody(platform: Platform) -> None:
    """The event loop turns between a thousand calls that nothing is sent for."""
    turns = 0

    async def fail() -> None:
        """Note where others were, and fail."""
        failed.append(turns)
        msg = "no token"
        raise ExchangeError(msg)

    failed: list[int] = []
    calls = [platform.call("x", prepare=fail) for _ in range(1000)]
    running = asyncio.create_task(platform.time.run())
    while not calls[-1].done():
        turns += 1
        await asyncio.sleep(0)
    await running
    assert len(set(failed)) == 1000
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("error", [ExchangeTimeoutError("timeout"), ValueError("a bug")])
async def test_failure_keeps_the_pace(platform: Platform, error: Exception) -> None:
    """A call that failed was a call, and its error is the caller's."""
    platform.answers["a"] = error
    call = platform.call("a", latency=30)
    platform.call("b")
    await platform.time.run()
    with pytest.raises(type(error)):
        await call
    assert platform.times == [2.0, 34.0]


async def test_too_soon_backs_off_and_goes_on(platform: Platform) -> None:
    """A refusal for pace rests the interface for 10 s, doubling to 320 s, until an answer."""
    refusals = "abcdefgh"
    platform.answers = dict.fromkeys(refusals, TOO_SOON)
    platform.answers["h"] = RateLimitError(429, "")
    calls = [platform.call(name) for name in f"{refusals}xy"]
    await platform.time.run()
    for call in calls[:-2]:
        with pytest.raises(RateLimitError):
            await call
    times = platform.times
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == [10, 20, 40, 80, 160, 320, 320, 320, 2]
    assert platform.pacer.calls_of_last_hour() == {"RateLimitError": 8, "200": 2}


async def test_other_failures_neither_start_nor_end_a_backoff(platform: Platform) -> None:
    """A cut connection says nothing about the pace."""
    platform.answers = {"a": TOO_SOON, "b": ExchangeError("cut"), "d": ExchangeError("cut")}
    for name in "abcde":
        platform.call(name)
    await platform.time.run()
    assert platform.times == [2.0, 12.0, 22.0, 24.0, 26.0]


async def test_records_of_the_last_hour(platform: Platform) -> None:
    """Calls are remembered for an hour, without their contents."""
    platform.latency = 1
    platform.call("a")
    platform.call("b", interface="login")
    await platform.time.run(1800)
    platform.answers["c"] = ExchangeError("cut")
    platform.call("c")
    waiting = platform.call("d", Turn(Priority.POLL))
    await platform.time.run(1)
    assert platform.pacer.queue_lengths() == {METER: 1, "login": 0}
    await platform.time.run()
    await waiting
    records = platform.pacer.recent_calls(METER)
    assert [(record.outcome, record.seconds) for record in records] == [
        ("200", 1.0),
        ("ExchangeError", 1.0),
        ("200", 1.0),
    ]
    assert platform.pacer.calls_of_last_hour() == {"200": 3, "ExchangeError": 1}
    await platform.time.run(1803)
    assert [record.outcome for record in platform.pacer.recent_calls(METER)] == [
        "ExchangeError",
        "200",
    ]
    platform.call("e")
    await platform.time.run(3000)
    platform.call("f")
    await platform.time.run()
    assert len(platform.pacer.recent_calls(METER)) == 2
    assert platform.pacer.recent_calls("Prestore") == []


async def test_lane_that_was_ended_from_outside_is_run_again(platform: Platform) -> None:
    """Whoever cancels all tasks cancels the call in flight, and the next call works."""
    platform.latency = 5
    call = platform.call("a")
    await platform.time.run(3)
    next(task for task in asyncio.all_tasks() if "pace of" in task.get_name()).cancel()
    await platform.time.run(0)
    assert call.cancelled()
    platform.call("b")
    await platform.time.run()
    assert platform.times == [2.0, 5.0]
    assert platform.pacer.recent_calls(METER)[0].outcome == "interrupted"


async def test_closed_pacer(platform: Platform) -> None:
    """Whoever waits, for a turn or for an answer, is told at once; nothing more is called."""
    calls = [platform.call("a", latency=5), platform.call("b")]
    ended = platform.call("c", interface="other")
    await platform.time.run(3)
    assert await ended == (None, SUCCESS)
    calls.append(platform.call("d", interface="other"))
    await platform.time.run(0.5)
    platform.pacer.close()
    for call in (*calls, platform.call("e"), platform.call("f", interface="new")):
        with pytest.raises(ConnectError, match="stopping"):
            await call
    await platform.time.run()
    assert platform.order == "ac"
    assert pacer_tasks() == []
    assert platform.pacer.queue_lengths() == {METER: 0, "other": 0}


async def test_closed_while_preparing(platform: Platform) -> None:
    """A call that was being prepared isn't made."""
    prepared = asyncio.Event()

    async def prepare() -> None:
        """Wait, for a login say."""
        await prepared.wait()

    call = platform.call("a", prepare=prepare)
    await platform.time.run(3)
    platform.pacer.close()
    with pytest.raises(ConnectError):
        await call
    prepared.set()
    await platform.time.run()
    assert platform.order == ""
    assert pacer_tasks() == []


async def test_pacer_uses_the_time_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a fake clock, time is that of the event loop."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.02)
    loop = asyncio.get_running_loop()
    pacer = Pacer()
    times: list[float] = []

    async def prepare() -> None:
        """Prepare nothing."""

    async def exchange(_: None) -> Reply:
        """Note the time."""
        times.append(loop.time())
        return SUCCESS

    begin = loop.time()
    for _ in range(2):
        await pacer.run(METER, Turn(), prepare, exchange)
    assert times[0] - begin >= 0.0199
    assert times[1] - times[0] >= 0.02


@dataclass(frozen=True)
class Plan:
    """One call of a random schedule."""

    at: float
    interface: str
    priority: Priority
    latency: float
    outcome: Reply | Exception
    cancelled_after: float | None
    promoted_after: float | None


moments = st.floats(0, 20, allow_nan=False).map(lambda value: round(value, 2))
plans = st.builds(
    Plan,
    at=moments,
    interface=st.sampled_from([METER, "login"]),
    priority=st.sampled_from(Priority),
    latency=moments,
    outcome=st.sampled_from([SUCCESS, SUCCESS, TOO_SOON, ExchangeError("cut")]),
    cancelled_after=st.none() | moments,
    promoted_after=st.none() | moments,
)


async def play(schedule: list[Plan]) -> tuple[Platform, list[asyncio.Task[Any]]]:
    """Carry a schedule out."""
    platform = Platform()
    loop = asyncio.get_running_loop()

    async def one(number: int, plan: Plan) -> Any:
        """Carry one call out."""
        await platform.time.sleep(plan.at)
        turn = Turn(plan.priority)
        call = platform.call(str(number), turn, plan.interface, latency=plan.latency)

        async def later(after: float | None, action: Callable[[], object]) -> None:
            """Do something later."""
            if after is not None:
                await platform.time.sleep(after)
                action()

        def promote() -> None:
            """Make it urgent."""
            turn.priority = Priority.USER

        await asyncio.gather(
            later(plan.cancelled_after, call.cancel), later(plan.promoted_after, promote)
        )
        return await call

    tasks = [loop.create_task(one(number, plan)) for number, plan in enumerate(schedule)]
    platform.answers = {str(number): plan.outcome for number, plan in enumerate(schedule)}
    await platform.time.run()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pacer_tasks() == []
    return platform, tasks


@given(schedule=st.lists(plans, max_size=12))
@settings(max_examples=60, deadline=None, database=None)
def test_pace_is_kept_whatever_happens(schedule: list[Plan]) -> None:
    """Every schedule of calls, failures, cancellations and promotions keeps the pace."""
    platform, tasks = asyncio.run(play(schedule))
    for interface in {plan.interface for plan in schedule}:
        last_end = 1000.0
        starts = [call for call in platform.starts if call[0] == interface]
        ends = [call for call in platform.ends if call[0] == interface]
        assert [name for _, name, _ in starts] == [name for _, name, _ in ends]
        for (_, _, start), (_, _, end) in zip(starts, ends, strict=True):
            assert start - last_end >= 2.0 - 1e-9
            last_end = end
    made = [name for _, name, _ in platform.starts]
    assert len(made) == len(set(made))
    for number, (plan, task) in enumerate(zip(schedule, tasks, strict=True)):
        assert task.done()
        if plan.cancelled_after is None:
            assert str(number) in made
            if plan.outcome is SUCCESS:
                assert task.result() == (None, SUCCESS)
            else:
                assert isinstance(task.exception(), RateLimitError | ExchangeError)
