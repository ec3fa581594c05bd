"""Start a resident (`resident.py`) and hear what it says."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
import json
import sys
from typing import Any

from .resident import Task

_LONGEST = 300


async def ask(task: Task) -> dict[str, Any]:
    """Run a resident to its end, and return what it says."""
    async with resident(task) as process:
        return await hear(process)


@asynccontextmanager
async def resident(task: Task) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a resident; it ends when its standard input does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.resident", json.dumps(asdict(task))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_LONGEST):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def hear(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return what a resident says next."""
    line = b""
    if process.stdout is not None:
        async with asyncio.timeout(_LONGEST):
            line = await process.stdout.readline()
    if not line:
        msg = f"a resident ended with {await process.wait()} and without a word"
        raise RuntimeError(msg)
    message: dict[str, Any] = json.loads(line)
    return message
