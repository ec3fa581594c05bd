"""Tests of the statistic of what was credited, and of the names of statistics."""

from datetime import datetime, timedelta
from itertools import groupby

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import list_statistic_ids
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.importer.recorder import Statistic, statistic_id

from ..simulator import Simulator
from ..support.accounts import account_of, set_up, wait_for
from ..support.recharges import device_of
from ..support.statistics import HOUR, hours, rows_of

ELECTRICITY = "2022040001"

pytestmark = [
    pytest.mark.usefixtures("no_pace", "known_start"),
    pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True),
]


def paid(simulator: Simulator, since: datetime) -> dict[datetime, float]:
    """Return what was paid in each hour that is over."""
    now = simulator.now().replace(minute=0, second=0, microsecond=0)
    payments = simulator.meters[ELECTRICITY].payments(since)
    hourly = groupby(
        sorted(payments, key=lambda payment: payment.time),
        key=lambda payment: payment.time.replace(minute=0, second=0, microsecond=0),
    )
    return {hour: sum(float(p.amount) for p in group) for hour, group in hourly if hour < now}


async def assert_credited(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, since: datetime
) -> dict[datetime, float]:
    """Compare the rows with what was paid."""
    expected = paid(simulator, since)
    rows = await rows_of(hass, entry, ELECTRICITY, Statistic.CREDITED)
    assert {start: state for start, state, _ in rows if state} == pytest.approx(expected)
    assert rows[0][:2] == (since.replace(minute=0, second=0, microsecond=0) + HOUR, 0)
    total = 0.0
    for _, state, stored in rows:
        total += state
        assert stored == pytest.approx(total)
    return expected


async def test_payments_become_rows(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test those of the past, of today, late ones and those taken back, in the hour of each."""
    entry = account_of(simulator, history_days=60)
    since = simulator.now() - timedelta(days=60)
    await set_up(hass, entry)
    assert len(await assert_credited(hass, entry, simulator, since)) >= 2
    asked = [
        call.params["BeginDate"][:10]
        for call in simulator.calls_of("GetPaymentList")
        if call.params["user_code"] == ELECTRICITY
    ]
    # One look at the last month for events, one at all the past.
    assert len(asked) == 2
    meter, now = simulator.meters[ELECTRICITY], simulator.now()
    meter.add_payment("50.00")
    meter.add_payment("50.00")
    await hours(hass, freezer, 2)
    known = await assert_credited(hass, entry, simulator, since)
    assert known[now.replace(minute=0, second=0, microsecond=0)] == 100
    # Whoever pays is listed late now and then, and what is taken back has its own hour.
    meter.add_payment("30.00", at=now - timedelta(days=20))
    meter.add_payment("-50.00")
    await hours(hass, freezer, 26)
    known = await assert_credited(hass, entry, simulator, since)
    assert -50 in known.values()
    simulator.reset_counts()
    await hours(hass, freezer, 24)
    await assert_credited(hass, entry, simulator, since)
    assert len(simulator.calls_of("GetPaymentList")) <= 2 * len(simulator.meters)


async def test_rebuild_brings_payments(
    recorder_mock: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Test that older payments come in with older records, also without any import."""
    entry = account_of(simulator, history_days=0)
    await set_up(hass, entry)
    for days in (40, 90):
        since = simulator.now() - timedelta(days=days)
        await hass.services.async_call(
            "jrhsz",
            "rebuild_history",
            {"device_id": device_of(hass, entry), "start": since.isoformat()},
            blocking=True,
        )
        await assert_credited(hass, entry, simulator, since)


async def names_of(hass: HomeAssistant, entry: MockConfigEntry) -> list[str | None]:
    """Return the names of the statistics of a meter."""
    found = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    names = {item["statistic_id"]: item["name"] for item in found}
    return [
        names[statistic_id(str(entry.unique_id), ELECTRICITY, statistic)]
        for statistic in Statistic
        if statistic is not Statistic.COST
    ]


async def test_names(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that names follow the device's, and that of two accounts with a meter none is double."""
    entry = account_of(simulator, history_days=40)
    await set_up(hass, entry)
    meter = f"一栋 {ELECTRICITY}"
    assert await names_of(hass, entry) == [
        f"{meter} electricity consumption",
        f"{meter} credited",
    ]
    other = MockConfigEntry(
        domain="jrhsz",
        title="landlord",
        unique_id=f"{entry.unique_id}-2",
        data=dict(entry.data),
        options=dict(entry.options),
    )
    await set_up(hass, other)
    await hours(hass, freezer, 1)
    assert await names_of(hass, other) == [
        f"{meter} (landlord) electricity consumption",
        f"{meter} (landlord) credited",
    ]
    assert (await names_of(hass, entry))[0] == f"{meter} (demo) electricity consumption"
    rows = await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    hass.config_entries.async_update_entry(other, title="demo")
    (_, water) = other.runtime_data.coordinators.values()
    assert water.statistic_name == f"一栋 2022040002 ({other.unique_id})"
    hass.config_entries.async_update_entry(other, title="demo")
    (_, water) = other.runtime_data.coordinators.values()
    assert water.statistic_name == f"一栋 2022040002 ({other.unique_id})"
    device_registry.async_update_device(device_of(hass, entry), name_by_user="Shop")
    await wait_for(hass, freezer, seconds=1)
    assert await names_of(hass, entry) == ["Shop electricity consumption", "Shop credited"]
    assert await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION) == rows
