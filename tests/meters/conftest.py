"""Fixtures for the tests of the flows in which meters are found and chosen."""

from unittest.mock import AsyncMock

from homeassistant.core import HomeAssistant
import pytest

from ..simulator import Simulator
from ..support.flows import Driver


@pytest.fixture
async def browse(hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock) -> Driver:
    """Log in, up to the menu that asks how to find the meters."""
    flow = await Driver.add(hass)
    await flow.sign_in(simulator)
    assert (flow.step, flow.menu) == ("browse", ["by_building", "by_address", "by_code"])
    return flow
