"""Tests of the triggers by a threshold that was crossed."""

from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.jrhsz import trigger as triggers
from custom_components.jrhsz.history.values import Value

from .simulator import Fault, Simulator
from .support.accounts import restart, set_up, state_of, wait_for
from .support.recharges import METER, OTHER, device_of
from .support.triggers import codes_of, runs_of, set_balances

BELOW_10 = {"type": "below", "value": {"number": 10}}


async def crossings(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    threshold: dict[str, Any],
    *balances: float,
) -> list[int]:
    """Return which of some balances, that are read one after the other, cross a threshold."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, entry)
    target = {"device_id": device_of(hass, entry)}
    told = await runs_of(hass, "balance_crossed", target, threshold=threshold)
    crossed = []
    for index, balance in enumerate(balances):
        before = len(told)
        await set_balances(hass, entry, simulator, **{METER: balance})
        crossed += [index] * (len(told) - before)
    assert await hass.config_entries.async_unload(entry.entry_id)
    return crossed


@pytest.mark.parametrize(
    ("threshold", "balances", "expected"),
    [
        (BELOW_10, (5, 4, 30, 9, -3), [0, 3]),
        ({"type": "above", "value": {"number": 10}}, (120, 5, 4, 30, 50), [3]),
        (
            {"type": "between", "value_min": {"number": 10}, "value_max": {"number": 20}},
            (15, 14, 5, 18, 50),
            [0, 3],
        ),
        (
            {"type": "outside", "value_min": {"number": 10}, "value_max": {"number": 200}},
            (5, 50, 300, 400),
            [0, 2],
        ),
        ({"type": "below", "value": {"entity": "input_number.limit"}}, (30, 20, 60, 10), [1, 3]),
        ({"type": "below", "value": {"entity": "input_number.plain"}}, (30, 20), [1]),
        ({"type": "below", "value": {"entity": "input_number.euro"}}, (30, 20), []),
        ({"type": "below", "value": {"entity": "input_number.none"}}, (30, 20), []),
        ({"type": "below", "value": {"entity": "input_number.nan"}}, (30, 20), []),
        ({"type": "below", "value": {"entity": "input_number.unknown"}}, (30, 20), []),
        (
            {
                "type": "outside",
                "value_min": {"entity": "input_number.unknown"},
                "value_max": {"number": 20},
            },
            (30, 10),
            [],
        ),
    ],
)
async def test_thresholds(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    *,
    threshold: dict[str, Any],
    balances: tuple[float, ...],
    expected: list[int],
) -> None:
    """Test each kind of threshold, as numbers and as entities; none that isn't known is crossed."""
    hass.states.async_set("input_number.limit", "25", {"unit_of_measurement": "CNY"})
    hass.states.async_set("input_number.plain", "25")
    hass.states.async_set("input_number.euro", "25", {"unit_of_measurement": "EUR"})
    hass.states.async_set("input_number.nan", "nan")
    hass.states.async_set("input_number.unknown", "unknown")
    assert await crossings(hass, config_entry, simulator, threshold, *balances) == expected


async def test_once_over_outages_and_restarts(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a crossing behind failed polls, or while the account is unloaded, is told once."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    told = await runs_of(
        hass,
        "balance_crossed",
        {"entity_id": state_of(hass, config_entry, METER, "low_balance").entity_id},
        keys=("balance_before", "balance", "entity_id"),
        threshold=BELOW_10,
    )
    simulator.add_fault(Fault(kind="html", interface="GetUserInfo", times=None))
    for _ in range(3):
        await wait_for(hass, freezer, minutes=31)
    simulator.clear_faults()
    await set_balances(hass, config_entry, simulator, **{METER: 5, OTHER: 5})
    assert codes_of(told) == [METER]
    assert told[0].data["balance_before"] > 90
    assert 4 < told[0].data["balance"] <= 5
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    assert told[0].data["entity_id"] == balance
    for value in (4, 60):
        simulator.meters[METER].set_balance(value)
        await restart(hass, config_entry)
        await wait_for(hass, freezer, minutes=31)
    assert len(told) == 1
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    simulator.meters[METER].set_balance(3)
    await wait_for(hass, freezer, minutes=31)
    await restart(hass, config_entry)
    assert len(told) == 2
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_saved_before_it_is_told(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """Test that a crash while the automation runs can't let it run again."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    on_disk: list[Any] = []

    @callback
    def look(_: Event[Any]) -> None:
        """Note what a crash would leave behind."""
        kept = hass_storage[f"jrhsz.{config_entry.entry_id}"]
        on_disk.append(float(kept["data"]["meters"][METER]["news"]["told"]["balance"]))

    hass.bus.async_listen("ran", look)
    target = {"device_id": device_of(hass, config_entry)}
    told = await runs_of(hass, "balance_crossed", target, keys=("balance",), threshold=BELOW_10)
    await set_balances(hass, config_entry, simulator, **{METER: 5})
    assert on_disk == [told[0].data["balance"]]
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_days_left(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that days are compared in any unit, and that days unknown in between change nothing."""
    left: list[str | None] = ["9"]

    def days_left(*_: object) -> Value | None:
        """Return for how long the balance lasts."""
        return None if left[0] is None else Value(Decimal(left[0]))

    monkeypatch.setattr("custom_components.jrhsz.meter_state.days_left", days_left)
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    week = {"type": "below", "value": {"number": 1, "unit_of_measurement": "w"}}
    target = {"entity_id": state_of(hass, config_entry, METER, "days_left").entity_id}
    told = await runs_of(
        hass,
        "days_left_crossed",
        target,
        keys=("days_left_before", "days_left"),
        threshold=week,
    )
    for left[0] in ("8", None, "6.5", "6", None, "8", "5"):
        await set_balances(hass, config_entry, simulator, **{METER: 90})
    assert [(event.data["days_left_before"], event.data["days_left"]) for event in told] == [
        (8, 6.5),
        (8, 5),
    ]
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_refused(hass: HomeAssistant) -> None:
    """Test that days need a unit, and that there is no crossing without a threshold."""
    ours = await triggers.async_get_triggers(hass)
    target = {"device_id": "one"}
    for key, options in (
        ("days_left_crossed", {"threshold": BELOW_10}),
        ("days_left_crossed", {}),
        ("balance_crossed", {}),
        ("balance_crossed", {"threshold": {"type": "any"}}),
    ):
        with pytest.raises(vol.Invalid):
            await ours[key].async_validate_config(hass, {"target": target, "options": options})
