"""What a thousand meters cost, beside a floor that does no more than it must, and what 3,000 do."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.simulator import Dialect, Simulator

from .figures import Figure
from .floor import DOMAIN as FLOOR
from .residence import ask
from .resident import Task, Weight

# The middle one is what the growth to the others is extrapolated from.
SIZES = (10, 100, 1000)
VAST = 3000
AT_ONCE = 10
REPEATS = 4
MEGABYTE = 2**20
KILOBYTE = 2**10
MILLISECONDS = 1000


def measure(
    sizes: tuple[int, int, int] = SIZES, repeats: int = REPEATS, vast: int = VAST
) -> list[Figure]:
    """Weigh, and let both watch what blocks."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), sizes, repeats, vast))


def _task(folder: Path, simulator: Simulator) -> Task:
    """Return what weighs an account that has all meters of a platform."""
    return Task(what="weigh", folder=str(folder), url=simulator.url, codes=sorted(simulator.meters))


async def _measured(
    folder: Path, sizes: tuple[int, int, int], repeats: int, vast: int
) -> list[Figure]:
    """Return the figures."""
    ours, floor = {}, {}
    blocks: list[Figure] = []
    for size in sizes:
        async with _platform(size) as simulator:
            task = _task(folder / f"ours-{size}", simulator)
            shape = Weight(**await ask(task)).shape
            bare_task = replace(
                task,
                folder=str(folder / f"floor-{size}"),
                domain=FLOOR,
                options={"shape": shape, "at_once": None},
            )
            await ask(bare_task)
            weights = [
                (Weight(**await ask(task)), Weight(**await ask(bare_task)))
                for _ in range(repeats if size == sizes[-1] else 2 * repeats)
            ]
            ours[size] = least([weight for weight, _ in weights])
            floor[size] = least([weight for _, weight in weights])
            if size == sizes[-1]:
                blocks = await _blocks(folder, task, bare_task)
    small, middle, large = sizes
    mine, bare = ours[large], floor[large]
    name = f"{large:,} meters"
    per_meter = [
        (weights[large].memory - weights[small].memory) / (large - small)
        for weights in (ours, floor)
    ]

    async with _platform(vast) as simulator:
        task = _task(folder / f"ours-{vast}", simulator)
        block = await ask(replace(task, what="watch"))
        most = least([Weight(**await ask(task)) for _ in range(max(1, repeats // 2))])

    def growth(of: Callable[[Weight], float], to: Weight) -> tuple[float, float]:
        """Return a value, and what it would be if it grew from the first size on a line."""
        slope = (of(ours[middle]) - of(ours[small])) / (middle - small)
        return of(to), of(ours[middle]) + slope * (to.meters - middle)

    growths = [
        figure
        for to in (mine, most)
        for figure in (
            Figure(
                f"growth of the restart from {small} over {middle} to {to.meters:,}, processor",
                *growth(lambda weight: weight.own_start, to),
                "s",
                bound=1.25,
            ),
            Figure(
                "  of a pass",
                *growth(lambda weight: weight.own_poll * weight.meters, to),
                "s",
                bound=1.25,
            ),
            Figure(
                "  of memory, in objects",
                *growth(lambda weight: weight.blocks, to),
                bound=1.25,
            ),
        )
    ]
    return [
        Figure(
            f"{name}, {mine.entities:,} entities: restart until all have a value, processor",
            mine.start,
            bare.start,
            "s",
            bound=1.5,
        ),
        Figure("  the same by the clock", mine.start_wall, bare.start_wall, "s", bound=1.5),
        Figure(
            "  a poll, from answer to states",
            mine.answer * MILLISECONDS,
            bare.answer * MILLISECONDS,
            "ms",
            bound=2,
        ),
        Figure(
            "  a poll, with request and connection",
            mine.poll * MILLISECONDS,
            bare.poll * MILLISECONDS,
            "ms",
            bound=3,
        ),
        Figure(
            "  memory per meter", per_meter[0] / KILOBYTE, per_meter[1] / KILOBYTE, "kB", bound=1.5
        ),
        *blocks,
        *growths,
        Figure(
            f"{vast:,} meters, {most.entities:,} entities: a dashboard is told all, processor",
            most.dashboard * MILLISECONDS,
            1000,
            "ms",
        ),
        # That of a save of what is kept of all meters, every five minutes.
        Figure("  first start: longest block of our own", block["own"] * MILLISECONDS, 150, "ms"),
    ]


def _platform(meters: int) -> Simulator:
    """Return a platform that answers at once, and whose tokens last however time passes."""
    return Simulator(
        meters=meters,
        limit=0.0,
        history_days=2,
        wechat=False,
        dialect=Dialect(token_life=10**9),
    )


def least(weights: list[Weight]) -> Weight:
    """Return the least of each: what else the machine does can only add to it."""
    return replace(
        weights[0],
        **{
            name: min(getattr(weight, name) for weight in weights)
            for name, value in asdict(weights[0]).items()
            if isinstance(value, float) or name in {"memory", "blocks"}
        },
    )


async def _blocks(folder: Path, mine: Task, bare: Task) -> list[Figure]:
    """Return how long the loop is blocked: at first, when all is new, and after a restart.

    The floor adds entities in the same batches: all at once would block for seconds.
    """
    options = {**bare.options, "at_once": AT_ONCE}
    bare = replace(bare, folder=str(folder / "floor-batched"), options=options)
    mine = replace(mine, folder=str(folder / "ours-new"))
    found: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (await ask(replace(mine, what="watch")), await ask(replace(bare, what="watch")))
        for _ in range(2)
    ]
    figures = []
    for when, (one, other) in zip(("first start", "restart"), found, strict=True):
        where = f", {one['where']}" if one["where"] else ""
        figures += [
            Figure(
                f"  {when}: longest block of our own{where}", one["own"] * MILLISECONDS, 50, "ms"
            ),
            Figure(
                f"  {when}: longest block at all",
                one["worst"] * MILLISECONDS,
                other["worst"] * MILLISECONDS,
                "ms",
                bound=2,
            ),
        ]
    return figures
