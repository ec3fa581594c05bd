"""Tests of the Energy dashboard: what Home Assistant itself says of our statistics."""

from datetime import datetime, timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA, async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.jrhsz.importer.recorder import Statistic, statistic_id

from ..simulator import Simulator
from ..support.accounts import account_of, set_up
from ..support.statistics import hours, reading_at
from .test_sync import ELECTRICITY, WATER


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize(
    ("recorder_db_url", "time_zone"),
    [
        ("sqlite", "Asia/Shanghai"),
        ("sqlite", "UTC"),
        ("sqlite", "America/New_York"),
        ("postgres", "America/New_York"),
    ],
    indirect=["recorder_db_url"],
)
async def test_energy_dashboard(  # noqa: PLR0917  fixtures have names
    recorder_mock: Recorder,
    hass: HomeAssistant,
    socket_enabled: None,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    time_zone: str,
) -> None:
    """Test that the dashboard accepts them, and that its days and months equal the ledger."""
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")
    await hass.config.async_set_time_zone(time_zone)
    freezer.move_to("2026-12-02 16:10:00+00:00")
    assert await async_setup_component(hass, "energy", {})
    async with Simulator(meters=2, limit=0.0, seed=1) as simulator:
        entry = account_of(simulator, history_days=40, scan_interval=60)
        await set_up(hass, entry)
        await hours(hass, freezer, 30)
        ids = {
            (code, statistic): statistic_id(str(entry.unique_id), code, statistic)
            for code in (ELECTRICITY, WATER)
            for statistic in Statistic
        }

        def source(kind: str, code: str) -> dict[str, Any]:
            """Return a source of the dashboard with its cost."""
            return {
                "type": kind,
                "stat_energy_from": ids[code, Statistic.CONSUMPTION],
                "stat_cost": ids[code, Statistic.COST],
                "entity_energy_price": None,
                "number_energy_price": None,
            }

        grid = source("grid", ELECTRICITY) | {"cost_adjustment_day": 0}
        sources = ENERGY_SOURCE_SCHEMA([grid, source("water", WATER)])
        manager = await async_get_manager(hass)
        await manager.async_update(manager.default_preferences() | {"energy_sources": sources})
        issues = (await async_validate(hass)).as_dict()
        assert issues["energy_sources"] == [[], []]

        now = simulator.now()
        full_hour = now.replace(minute=0, second=0, microsecond=0)
        zone = dt_util.get_default_time_zone()
        local = dt_util.as_local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = local - timedelta(days=20)
        found = await get_instance(hass).async_add_executor_job(
            statistics_during_period, hass, begin, None, set(ids.values()), "day", None, {"change"}
        )
        for code in (ELECTRICITY, WATER):
            meter = simulator.meters[code]
            records = meter.records(now - timedelta(days=30))
            until = entry.runtime_data.coordinators[code].history.used_until
            read = dt_util.utc_from_timestamp(until)
            days = found[ids[code, Statistic.CONSUMPTION]]
            assert len(days) >= 20
            for day in days:
                start = datetime.fromtimestamp(day["start"], zone)
                assert (start.hour, start.minute) == (0, 0)
                end = min(start + timedelta(days=1), read, full_hour)
                expected = reading_at(records, end) - reading_at(records, start)
                assert day["change"] == pytest.approx(float(expected), abs=1e-4)
            costs = [day["change"] or 0.0 for day in found[ids[code, Statistic.COST]]]
            assert min(costs) >= 0
            spent = sum(costs)
            first = meter.records(datetime(2026, 12, 2, 15, tzinfo=dt_util.UTC))[0]
            used = float(records[-1].reading - first.reading)
            assert spent == pytest.approx(used * float(meter.price), abs=1.5)
