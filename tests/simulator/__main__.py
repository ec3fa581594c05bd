"""Run a simulator as a process of its own."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import os
import signal
import sys

from .dialect import Dialect
from .records import CST
from .simulator import Simulator, real_clock


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 for any free one")
    add("--meters", type=int, default=8)
    add("--limit", type=float, default=2.0, help="seconds between calls of one interface")
    add("--seed", type=int, default=1)
    add("--dialect", action="append", default=[], metavar="NAME[=VALUE]")
    add("--upload-every", type=int, default=3600, help="seconds between readings")
    add("--history-days", type=int, default=400)
    add("--consumption", type=float, default=1.0, help="factor on what is used")
    add("--no-wechat", action="store_true", help="nobody pays by himself")
    add("--account", action="append", default=[], metavar="NAME:PASSWORD")
    add("--delay", type=float, default=0.0, help="seconds before every answer")
    add("--jitter", type=float, default=0.0, help="random seconds on top")
    add("--now", type=datetime.fromisoformat, help="begin the world's clock here")
    add("--parent-pid", type=int, help="stop when this process ends; default: the parent")
    add("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _clock(begin: datetime | None) -> Callable[[], datetime]:
    """Return the real clock, or one that begins elsewhere."""
    if begin is None:
        return real_clock
    if begin.tzinfo is None:
        begin = begin.replace(tzinfo=CST)
    offset: timedelta = begin - datetime.now(UTC)
    return lambda: real_clock() + offset


def _alive(pid: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _orphaned(pid: int | None, parent: int) -> None:
    """Wait until nobody is left who would stop us."""
    while os.getppid() == parent and (pid is None or _alive(pid)):  # noqa: ASYNC110 - a process ends without an event
        await asyncio.sleep(0.5)


async def _stdin_closed() -> None:
    """Wait until standard input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass


async def _run(args: argparse.Namespace, parent: int) -> int:
    """Serve until told to stop."""
    try:
        sim = Simulator(
            meters=args.meters,
            limit=args.limit,
            seed=args.seed,
            dialect=Dialect.parse(args.dialect),
            upload_every=args.upload_every,
            clock=_clock(args.now),
            accounts=dict(item.split(":", 1) for item in args.account) or None,
            delay=args.delay,
            jitter=args.jitter,
            history_days=args.history_days,
            consumption=args.consumption,
            wechat=not args.no_wechat,
        )
        await sim.start(port=args.port)
    except (OSError, ValueError) as err:
        sys.stderr.write(f"simulator: {err}\n")
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ends = [loop.create_task(stop.wait()), loop.create_task(_orphaned(args.parent_pid, parent))]
    if args.until_stdin_closes:
        ends.append(loop.create_task(_stdin_closed()))
    sys.stdout.write(f"simulator ready at {sim.url}\n")
    sys.stdout.flush()
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ends:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*ends, return_exceptions=True)
        await sim.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(_run(_arguments(), os.getppid())))
