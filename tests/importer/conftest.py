"""What tests of the import on a real recorder begin with."""

from collections.abc import AsyncGenerator
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from ..simulator import Simulator


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Keep no states: the tests are about statistics."""
    return {"exclude": {"entity_globs": ["*.*"]}}


@pytest.fixture
async def simulator(socket_enabled: None, known_pages: None) -> AsyncGenerator[Simulator]:
    """Run a platform with two meters, that answers as fast as it is asked."""
    async with Simulator(meters=2, limit=0.0, seed=1) as simulator:
        yield simulator


@pytest.fixture
def known_start(freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture) -> None:
    """Begin ten past midnight in China, on the last days of a month.

    What the database is asked isn't logged.
    """
    freezer.move_to("2026-11-27 16:10:00+00:00")
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")
