"""Tests of rebuilding the history of several meters, and of wanting more of it than before."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.jrhsz.api import Priority
from custom_components.jrhsz.importer import rebuild
from custom_components.jrhsz.importer.recorder import Statistic

from ..simulator import Fault, Record, Simulator
from ..support.accounts import account_of, restart, set_up, wait_for
from ..support.recharges import device_of
from ..support.statistics import assert_ledger, hours, rows_of

ELECTRICITY, WATER = "2022040001", "2022040002"

pytestmark = [
    pytest.mark.usefixtures("no_pace", "known_start"),
    pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True),
]


async def rebuilt(hass: HomeAssistant, *, response: bool = True, **data: Any) -> Any:
    """Rebuild meters."""
    return await hass.services.async_call(
        "jrhsz", "rebuild_history", data, blocking=True, return_response=response
    )


async def test_several(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that all meters named, or all of an account, are repaired, and how far that is."""
    wrong = simulator.now() - timedelta(days=40)

    def without(records: list[Record]) -> list[Record]:
        """Leave some records out."""
        return [
            record
            for record in records
            if not timedelta(0) <= record.read_time - wrong < timedelta(1)
        ]

    for meter in simulator.meters.values():
        meter.record_filter = without
    entry = account_of(simulator, history_days=45)
    await set_up(hass, entry)
    account, seen = entry.runtime_data, list[tuple[float, Priority]]()
    for meter in simulator.meters.values():
        meter.record_filter = None
    begin = simulator.now() - timedelta(days=45)
    one_by_one = rebuild.async_rebuild

    async def noted(*args: Any) -> tuple[int, int]:
        """Note how far it is, and who has to wait."""
        seen.append((account.import_progress, args[3]))
        return await one_by_one(*args)

    devices = [device_of(hass, entry, code) for code in simulator.meters]
    with patch.object(rebuild, "async_rebuild", noted):
        response = await rebuilt(hass, device_id=[*devices, devices[0]], start=begin.isoformat())
    assert seen == [(0, Priority.POLL), (0.5, Priority.POLL)]
    assert account.import_progress == 1
    assert response["records"] == 2 * 45 * 24
    assert 40 <= response["changed_hours"] <= 52
    assert response["failed"] == []
    await assert_ledger(hass, entry, simulator)
    with patch.object(rebuild, "async_rebuild", noted):
        response = await rebuilt(hass, config_entry_id=entry.entry_id, start=begin.isoformat())
    assert response == {"records": 2 * 45 * 24, "changed_hours": 0, "failed": []}
    assert len(seen) == 4


async def test_one_of_several_fails(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a meter that is refused stops no other, but an outage stops all."""
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    everything: dict[str, Any] = {"config_entry_id": entry.entry_id}
    simulator.add_fault(
        Fault(kind="code", interface="GetConsumenList", user_code=ELECTRICITY, times=None)
    )
    response = await rebuilt(hass, **everything)
    assert response["records"] == 30 * 24
    assert response["failed"] == [
        {
            "user_code": ELECTRICITY,
            "meter": f"一栋 {ELECTRICITY}",
            "error": "The platform refused the request: 失败 (code 1001)",
        }
    ]
    with pytest.raises(HomeAssistantError) as error:
        await rebuilt(hass, response=False, **everything)
    assert error.value.translation_key == "not_all_rebuilt"
    assert ELECTRICITY in str(error.value)
    simulator.clear_faults()
    # Where everything was refused nothing is asked for a day.
    await wait_for(hass, freezer, hours=26)
    assert await rebuilt(hass, response=False, **everything) is None
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", times=None))
    with pytest.raises(HomeAssistantError) as error:
        await rebuilt(hass, **everything)
    assert error.value.translation_key == "unreadable_reply"
    assert entry.runtime_data.to_rebuild == entry.runtime_data.rebuilt == 0


@pytest.mark.parametrize("kind", ["status", "html", "cut"])
async def test_one_that_always_fails(
    recorder_mock: Recorder, hass: HomeAssistant, simulator: Simulator, kind: Any
) -> None:
    """Test that a meter whose records can't be had, in whatever way, stops no other."""
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    simulator.add_fault(
        Fault(kind=kind, interface="GetConsumenList", user_code=ELECTRICITY, times=None)
    )
    response = await rebuilt(hass, config_entry_id=entry.entry_id)
    assert response["records"] == 30 * 24
    assert [row["user_code"] for row in response["failed"]] == [ELECTRICITY]


async def test_times_that_cannot_be_read(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that it is said once that there is no history for want of times."""
    simulator.set_dialect(times="unreadable")
    entry = account_of(simulator)
    await set_up(hass, entry)
    for _ in range(2):
        assert (await rebuilt(hass, config_entry_id=entry.entry_id))["changed_hours"] == 0
    assert caplog.text.count("None of the times can be read in what GetConsumenList lists") == 1


async def test_refused(recorder_mock: Recorder, hass: HomeAssistant, simulator: Simulator) -> None:
    """Test what names no meter, or too much, and an account that is unloaded meanwhile."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    device_id = device_of(hass, entry)
    nothings: list[dict[str, Any]] = [
        {},
        {"device_id": []},
        {"device_id": [device_id, "nothing"]},
    ]
    for nothing in nothings:
        with pytest.raises(ServiceValidationError) as error:
            await rebuilt(hass, **nothing)
        assert error.value.translation_key == "no_meter"
    with pytest.raises(vol.Invalid):
        await rebuilt(hass, device_id=device_id, config_entry_id=entry.entry_id)
    assert not simulator.calls_of("GetConsumenList")

    async def unloaded(*_: Any) -> tuple[int, int]:
        """Rebuild the first meter, while somebody disables the account."""
        await hass.config_entries.async_unload(entry.entry_id)
        return 0, 0

    with (
        patch.object(rebuild, "async_rebuild", unloaded),
        pytest.raises(ServiceValidationError) as error,
    ):
        await rebuilt(hass, config_entry_id=entry.entry_id)
    assert error.value.translation_key == "no_meter"


async def test_more_days_than_before(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that what is missing is read when more days of history are wanted, once."""
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await hours(hass, freezer, 1)
    begin = simulator.now() - timedelta(days=80)
    options = {**entry.options, "history_days": 80}
    hass.config_entries.async_update_entry(entry, options=options)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", times=1))
    await restart(hass, entry)
    await hours(hass, freezer, 2)
    await assert_ledger(hass, entry, simulator)
    for code in simulator.meters:
        rows = await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        assert rows[0][0] - begin < timedelta(hours=3)
    credited = await rows_of(hass, entry, ELECTRICITY, Statistic.CREDITED)
    assert sum(row[1] for row in credited) == pytest.approx(
        sum(float(paid.amount) for paid in simulator.meters[ELECTRICITY].payments(begin))
    )
    simulator.reset_counts()
    await restart(hass, entry)
    await wait_for(hass, freezer, minutes=2)
    assert not simulator.calls_of("GetConsumenList")
