"""Tests of the actions about the history of a meter."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.jrhsz.importer.recorder import Statistic

from ..simulator import Fault, Record, Simulator
from ..support.accounts import account_of, set_up, wait_for
from ..support.recharges import device_of
from ..support.statistics import assert_ledger, rows_of

METER = "2022040001"

pytestmark = pytest.mark.usefixtures("known_start", "no_pace")


async def call(
    hass: HomeAssistant, name: str, *, response: bool = True, user: str | None = None, **data: Any
) -> Any:
    """Call an action and return its response."""
    return await hass.services.async_call(
        "jrhsz",
        name,
        data,
        blocking=True,
        return_response=response,
        context=Context(user_id=user),
    )


async def test_get_consumption(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that the records of the last seven days come, oldest first, with all they hold."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    simulator.set_dialect(order="shuffled", device_id=True)
    response = await call(hass, "get_consumption", device_id=device_of(hass, entry))
    records = simulator.meters[METER].records(simulator.now() - timedelta(days=7), simulator.now())
    assert len(records) == 7 * 24
    assert [
        (item["meter_number"], item["reading"], item["last_reading"])
        for item in response["records"]
    ] == [(item.table_no, float(item.reading), float(item.last_reading)) for item in records]
    assert [item["time"] for item in response["records"]] == [
        item.read_time.isoformat() for item in records
    ]
    assert [item["last_time"] for item in response["records"]] == [
        item.last_read_time.isoformat() for item in records
    ]
    assert all(item["device"] for item in response["records"])
    json.dumps(response)


async def test_get_consumption_of_a_span(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test a span, records that lack values, and a failure."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    device_id = device_of(hass, entry)
    now = simulator.now()
    span: dict[str, Any] = {
        "start": (now - timedelta(days=60)).isoformat(),
        "end": (now - timedelta(days=10)).isoformat(),
    }
    response = await call(hass, "get_consumption", device_id=device_id, **span)
    assert len(response["records"]) == 50 * 24
    simulator.set_dialect(times="unreadable", numbers="dashes")
    response = await call(hass, "get_consumption", device_id=device_id)
    assert {(item["time"], item["reading"]) for item in response["records"]} == {(None, None)}
    with pytest.raises(ServiceValidationError):
        await call(hass, "get_consumption", device_id="nothing")
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList"))
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "get_consumption", device_id=device_id)
    assert error.value.translation_key == "unreadable_reply"


async def test_rebuild(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that corrections of long ago come in, over what is stored, and what is older stays."""
    meter = simulator.meters[METER]
    wrong = simulator.now() - timedelta(days=40)

    def without(records: list[Record]) -> list[Record]:
        """Leave some records out."""
        return [
            record
            for record in records
            if not timedelta(0) <= record.read_time - wrong < timedelta(1)
        ]

    meter.record_filter = without
    entry = account_of(simulator, history_days=60)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    stored = await rows_of(hass, entry, METER, Statistic.CONSUMPTION)
    meter.record_filter = None
    device_id = device_of(hass, entry)
    response = await call(
        hass,
        "rebuild_history",
        device_id=device_id,
        start=(simulator.now() - timedelta(days=20)).isoformat(),
    )
    assert response == {"records": 20 * 24, "changed_hours": 0}
    assert await rows_of(hass, entry, METER, Statistic.CONSUMPTION) == stored
    start = (simulator.now() - timedelta(days=42)).isoformat()
    response = await call(hass, "rebuild_history", device_id=device_id, start=start)
    assert response["records"] == 42 * 24
    assert 20 <= response["changed_hours"] <= 26
    await assert_ledger(hass, entry, simulator)
    # The end of the import that went before is no end of this one.
    assert await call(hass, "rebuild_history", device_id=device_id, response=False) is None
    await assert_ledger(hass, entry, simulator)


@pytest.mark.parametrize("hours", [0, 15])
async def test_rebuild_from_what_is_wrong_on(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hours: int,
) -> None:
    """Test that a start at the edge of, or amid, what is missing repairs all of it."""
    meter = simulator.meters[METER]
    wrong = simulator.now() - timedelta(days=5)
    meter.record_filter = lambda records: [
        record
        for record in records
        if not timedelta(0) <= record.read_time - wrong < timedelta(hours=30)
    ]
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    meter.record_filter = None
    start = wrong + timedelta(hours=hours)
    response = await call(
        hass, "rebuild_history", device_id=device_of(hass, entry), start=start.isoformat()
    )
    assert response["records"] == len(meter.records(start))
    assert response["changed_hours"] >= 29
    await assert_ledger(hass, entry, simulator)


async def test_rebuild_of_more_than_was_imported(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that an earlier start moves the whole statistic, and that imports go on after it."""
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    begin = simulator.now() - timedelta(days=50)
    for code in simulator.meters:
        await call(
            hass,
            "rebuild_history",
            device_id=device_of(hass, entry, code),
            start=begin.isoformat(),
        )
    await assert_ledger(hass, entry, simulator, begin)
    await wait_for(hass, freezer, hours=5)
    await wait_for(hass, freezer, minutes=2)
    await assert_ledger(hass, entry, simulator, begin)


async def test_rebuild_before_the_first_import(
    recorder_mock: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Test that nothing needs to be stored, and that history may be off."""
    entry = account_of(simulator, history_days=0)
    await set_up(hass, entry)
    response = await call(hass, "rebuild_history", device_id=device_of(hass, entry))
    assert response == {"records": 30 * 24, "changed_hours": 30 * 24 + 1}
    assert len(await rows_of(hass, entry, METER, Statistic.CONSUMPTION)) == 30 * 24 + 1


async def test_rebuild_does_not_replace_the_first_import(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that all days of history come in, though a rebuild of the last days came first."""
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    begin = simulator.now() - timedelta(days=20)
    start = simulator.now() - timedelta(days=2)
    response = await call(
        hass, "rebuild_history", device_id=device_of(hass, entry), start=start.isoformat()
    )
    assert response["records"] == 2 * 24
    await wait_for(hass, freezer, minutes=1)
    await assert_ledger(hass, entry, simulator)
    for code in simulator.meters:
        rows = await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        assert rows[0][0] <= begin


async def test_rebuild_while_an_import_is_under_way(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a rebuild of the last days leaves no gap behind an import that isn't complete."""
    entry = account_of(simulator, history_days=75)
    await set_up(hass, entry)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", skip=2, times=None))
    await wait_for(hass, freezer, minutes=1)
    simulator.clear_faults()
    begin = dt_util.utc_from_timestamp(entry.runtime_data.coordinators[METER].history.started)
    for code in simulator.meters:
        await call(
            hass,
            "rebuild_history",
            device_id=device_of(hass, entry, code),
            start=(simulator.now() - timedelta(days=1)).isoformat(),
        )
    await assert_ledger(hass, entry, simulator, begin)


async def test_rebuild_reads_first(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a failure in the middle changes nothing that is stored."""
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    stored = await rows_of(hass, entry, METER, Statistic.CONSUMPTION)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", skip=1))
    start = (simulator.now() - timedelta(days=80)).isoformat()
    device_id = device_of(hass, entry)
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "rebuild_history", device_id=device_id, start=start)
    assert error.value.translation_key == "unreadable_reply"
    assert await rows_of(hass, entry, METER, Statistic.CONSUMPTION) == stored
    with (
        patch("custom_components.jrhsz.importer.recorder.async_add_external_statistics"),
        pytest.raises(HomeAssistantError) as error,
    ):
        await call(hass, "rebuild_history", device_id=device_id, start=start)
    assert error.value.translation_key == "not_written"


async def test_rebuild_refused(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    simulator: Simulator,
    hass_read_only_user: MockUser,
) -> None:
    """Test who may not rebuild, and what can't be."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    device_id = device_of(hass, entry)
    with pytest.raises(Unauthorized):
        await call(hass, "rebuild_history", device_id=device_id, user=hass_read_only_user.id)
    future = datetime(2026, 11, 28, tzinfo=UTC).isoformat()
    for start in (future, "0001-01-01 00:00:00", "9999-12-31 23:59:59"):
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, "rebuild_history", device_id=device_id, start=start)
        assert error.value.translation_key == "invalid_span"
    assert not simulator.calls_of("GetConsumenList")


async def test_rebuild_without_recorder(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that it says what is missing."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "rebuild_history", device_id=device_of(hass, entry))
    assert error.value.translation_key == "no_recorder"


async def test_rebuild_of_an_unknown_kind(
    recorder_mock: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Test that what has no unit has no statistic."""
    simulator.set_dialect(table_type_value=99)
    entry = account_of(simulator)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "rebuild_history", device_id=device_of(hass, entry))
    assert error.value.translation_key == "unknown_kind"
