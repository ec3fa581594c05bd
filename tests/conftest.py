"""Fixtures for all tests."""

from collections.abc import AsyncGenerator
from importlib import import_module

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import account_of
from .simulator import Simulator

# Bound here, because Home Assistant puts a custom_components of the test package in front.
import_module("custom_components.jrhsz")


@pytest.fixture(autouse=True)
def _home_assistant_with_this_integration(request: pytest.FixtureRequest) -> None:
    """Let every Home Assistant of a test load this integration."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")  # refuses to start after hass
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with eight meters that answers as fast as it is asked."""
    simulator = Simulator(meters=8, limit=0.0, seed=1)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call as fast as the platform answers."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.0)


@pytest.fixture
def config_entry(simulator: Simulator, no_pace: None) -> MockConfigEntry:
    """Return an account of the simulator with all of its meters, not added yet."""
    return account_of(simulator)
