"""Tests of the event loop whose time passes only while nothing is left to do."""

import asyncio

import pytest

from .virtual_time import VirtualLoop, run


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.timeout(30)
@pytest.mark.parametrize("days", [1, 194.2, 370])
def test_timers_after_long(days: float) -> None:
    """Test that time passes until a timer, and no further, however long the loop has run."""

    async def main(loop: VirtualLoop) -> None:
        """Sleep for long, and then for short."""
        await asyncio.sleep(days * 86_400)
        for _ in range(100):
            begun = loop.time()
            await asyncio.sleep(0.1)
            assert 0.1 <= loop.time() - begun < 0.1001

    run(main)
