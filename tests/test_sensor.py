"""Tests of the sensors as users see them."""

from datetime import datetime, timedelta
from itertools import pairwise
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.history.values import Period
from custom_components.jrhsz.importer.recorder import Statistic

from .simulator import Simulator
from .support.accounts import account_of, set_up, state_of
from .support.platform_snapshot import assert_platform, newest_only
from .support.statistics import hours, rows_of

ELECTRICITY = "2022040001"


@newest_only
@pytest.mark.usefixtures("all_enabled", "no_pace")
async def test_snapshot(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """Test names, units, classes and values of all sensors of both kinds of meters."""
    await assert_platform(hass, freezer, simulator, snapshot, Platform.SENSOR)


def starts_of(now: datetime) -> dict[Period, tuple[datetime, datetime]]:
    """Return begin and end of each span that a sensor has, in China."""
    today = now.astimezone(CHINA_STANDARD_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    return {
        Period.TODAY: (today, now),
        Period.YESTERDAY: (today - timedelta(days=1), today),
        Period.MONTH: (month, now),
        Period.LAST_MONTH: ((month - timedelta(days=1)).replace(day=1), month),
        Period.YEAR: (today.replace(month=1, day=1), now),
    }


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
async def test_spans_are_sums_of_rows(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    socket_enabled: None,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that use and cost of each span are what the statistics have of it, or estimated."""
    freezer.move_to("2026-11-29 16:10:00+00:00")
    async with Simulator(meters=2, limit=0.0, seed=1) as simulator:
        entry = account_of(simulator, history_days=60, scan_interval=60)
        await set_up(hass, entry)
        await hours(hass, freezer, 7)
        # From the first hours on.
        cost = state_of(hass, entry, ELECTRICITY, "month_cost")
        assert float(cost.state) > 0
        assert cost.attributes["since"] == "2026-11-29"
        left = state_of(hass, entry, ELECTRICITY, "days_left")
        assert float(left.state) > 0
        assert left.attributes["estimated"] is True
        assert "since" not in left.attributes
        await hours(hass, freezer, 24 * 2 + 1)
        compared = 0
        for code, meter in simulator.meters.items():
            last = meter.info().read_time
            assert last is not None
            for what, statistic in (("use", Statistic.CONSUMPTION), ("cost", Statistic.COST)):
                rows = await rows_of(hass, entry, code, statistic)
                assert rows[-1][0] <= last
                for span, (begin, end) in starts_of(simulator.now()).items():
                    state = state_of(hass, entry, code, f"{span}_{what}")
                    if state.state == STATE_UNKNOWN or state.attributes["estimated"]:
                        assert what == "cost"
                        continue
                    late = state.attributes.get("since")
                    since = datetime.fromisoformat(late) if late else begin
                    assert late is None or since.date() > begin.date()
                    hourly = [(rows[0][0], rows[0][2])]
                    hourly += [(b[0], b[2] - a[2]) for a, b in pairwise(rows)]
                    total = sum(
                        used
                        for start, used in hourly
                        if since.replace(tzinfo=CHINA_STANDARD_TIME) <= start < end
                    )
                    # The running hour has no row yet.
                    assert float(state.state) == pytest.approx(total, abs=2e-5), (span, what)
                    compared += 1
        assert compared >= 2 * 5 + 2
        warned = {record.name for record in caplog.records if record.levelno >= logging.WARNING}
        assert not [name for name in warned if "sensor" in name or "jrhsz" in name]
