"""What a meter costs beside Home Assistant's own `rest` integration with the same three values.

It keeps no journal, pace or history, judges nothing, and needs a token that somebody else gets.
Both poll one meter after the other over one connection. That ours takes no more of the processor is
the goal, which the start and memory reach. A poll doesn't: of its time a third is what `rest` has
none of, to pace calls, read answers in every form, judge them and keep them over a restart.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulator import Dialect, Simulator

from . import by_rest
from .figures import Figure
from .home import PASSWORD
from .residence import ask
from .resident import Task, Weight
from .weight import KILOBYTE, MILLISECONDS, least

SIZES = (10, 200)
REPEATS = 3


def measure(sizes: tuple[int, int] = SIZES, repeats: int = REPEATS) -> list[Figure]:
    """Weigh both, by turns, on the same platform."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), sizes, repeats))


async def _measured(folder: Path, sizes: tuple[int, int], repeats: int) -> list[Figure]:
    """Return the figures."""
    ours, rest = {}, {}
    for size in sizes:
        simulator = Simulator(
            meters=size,
            limit=0.0,
            history_days=2,
            wechat=False,
            dialect=Dialect(token_life=10**9),
            accounts={"demo": PASSWORD, by_rest.USERNAME: PASSWORD},
        )
        async with simulator:
            mine = Task(
                what="weigh",
                folder=str(folder / f"ours-{size}"),
                url=simulator.url,
                codes=sorted(simulator.meters),
            )
            await ask(mine)
            mine = replace(mine, is_spare=True)
            theirs = replace(
                mine,
                folder=str(folder / f"rest-{size}"),
                domain=by_rest.DOMAIN,
                token=simulator.rival_login(by_rest.USERNAME),
            )
            # The first time, all is new.
            for task in (mine, theirs):
                await ask(task)
            weights = [
                (Weight(**await ask(mine)), Weight(**await ask(theirs))) for _ in range(repeats)
            ]
        ours[size] = least([weight for weight, _ in weights])
        rest[size] = least([weight for _, weight in weights])
    small, large = sizes
    per_meter = [
        (weights[large].memory - weights[small].memory) / (large - small) / KILOBYTE
        for weights in (ours, rest)
    ]
    our, other = ours[large], rest[large]
    return [
        Figure(
            f"beside `rest`, {large:,} meters, {other.entities:,} entities: a poll, processor",
            our.poll * MILLISECONDS,
            other.poll * MILLISECONDS,
            "ms",
            bound=2,
        ),
        Figure("  from start to all values, processor", our.start, other.start, "s"),
        Figure("  memory per meter", per_meter[0], per_meter[1], "kB"),
    ]
