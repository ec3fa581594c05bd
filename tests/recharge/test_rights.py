"""Tests of who may recharge, and who may see payments and records."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from ..simulator import Simulator
from ..support.accounts import set_up
from ..support.recharges import METER, OTHER, credited, device_of, orders_of, recharge

READS = ("get_payments", "get_consumption")
AUTOMATION = {"entity_id": "automation.credit"}
HELPER = {"entity_id": "input_boolean.helper"}


@pytest.fixture
def user(hass: HomeAssistant) -> MockUser:
    """Return a user who is no administrator, and may do all that users may."""
    user = MockUser(is_owner=False).add_to_hass(hass)
    user.mock_policy({"entities": True})
    return user


async def automate(hass: HomeAssistant, *automations: dict[str, Any]) -> None:
    """Set automations up."""
    config = [
        {"id": automation["alias"], "triggers": [], **automation} for automation in automations
    ]
    assert await async_setup_component(hass, "automation", {"automation": config})
    await hass.async_block_till_done()


def crediting(hass: HomeAssistant, entry: MockConfigEntry, **details: Any) -> dict[str, Any]:
    """Return an automation that credits a meter, and tells why if it can't."""
    data = {"device_id": device_of(hass, entry), "amount": 20, "order_number": "Mine1"}
    return {
        "alias": "credit",
        "conditions": "{{ false }}",
        "actions": [{"action": "jrhsz.recharge", "data": data}],
        **details,
    }


async def trigger(hass: HomeAssistant, alias: str, context: Context) -> None:
    """Trigger an automation by hand."""
    await hass.services.async_call(
        "automation",
        "trigger",
        {"entity_id": f"automation.{alias}"},
        blocking=True,
        context=context,
    )
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("is_admin", [True, False])
async def test_triggered_by_hand(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    *,
    is_admin: bool,
    user: MockUser,
    hass_admin_user: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an automation credits nothing for a user who is no administrator."""
    await set_up(hass, config_entry)
    await automate(hass, crediting(hass, config_entry))
    await trigger(hass, "credit", Context(user_id=hass_admin_user.id if is_admin else user.id))
    told = f"was started by hand by {user.name}, who is not an administrator" in caplog.text
    assert credited(simulator) == (20 if is_admin else 0)
    assert told is not is_admin


@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_triggered_by_a_user_who_is_gone(
    hass: HomeAssistant, config_entry: MockConfigEntry, user: MockUser
) -> None:
    """Test that nothing is credited for somebody of whom nothing is known."""
    await set_up(hass, config_entry)
    by_hand = Context(user_id=user.id)
    hass.bus.async_fire(
        "call_service", {"domain": "automation", "service": "trigger"}, context=by_hand
    )
    await hass.auth.async_remove_user(user)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, context=Context(parent_id=by_hand.id))
    assert error.value.translation_key == "started_by_hand"
    assert orders_of(hass) == {}


@pytest.mark.parametrize("way", ["automation", "script", "state", "event", "event only"])
async def test_chains(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    user: MockUser,
    way: str,
) -> None:
    """Test that what such a run starts in its turn credits nothing either."""
    await set_up(hass, config_entry)
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"helper": {}}})
    last = crediting(hass, config_entry)
    last.pop("conditions")
    steps: dict[str, Any] = {
        "automation": {
            "action": "automation.trigger",
            "target": {"entity_id": "automation.credit"},
        },
        "script": {"action": "script.credit"},
        "state": {
            "action": "input_boolean.turn_on",
            "target": {"entity_id": "input_boolean.helper"},
        },
        "event": {"event": "go"},
        "event only": {"event": "go"},
    }
    script = {"credit": {"sequence": last["actions"]}}
    assert await async_setup_component(hass, "script", {"script": script})
    last["triggers"] = [
        {"trigger": "event", "event_type": "go"},
        {"trigger": "state", "entity_id": "input_boolean.helper"},
    ]
    first = [steps[way]]
    if way == "event":
        first.insert(0, {"action": "input_boolean.turn_off", "target": {"entity_id": "all"}})
    await automate(hass, {"alias": "first", "actions": first}, last)
    refused = async_capture_events(hass, "call_service")
    await trigger(hass, "first", Context(user_id=user.id))
    assert [event.data["service"] for event in refused if event.data["domain"] == "jrhsz"] == [
        "recharge"
    ]
    assert orders_of(hass) == {}
    assert simulator.calls_of("Prestore") == []


async def test_what_a_user_caused_otherwise(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, user: MockUser
) -> None:
    """Test that an automation that a state started acts for its author, whoever changed that."""
    await set_up(hass, config_entry)
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"helper": {}}})
    automation = crediting(hass, config_entry)
    automation |= {
        "conditions": [],
        "triggers": [{"trigger": "state", "entity_id": "input_boolean.helper"}],
    }
    await automate(hass, automation)
    await hass.services.async_call(
        "input_boolean",
        "turn_on",
        {"entity_id": "input_boolean.helper"},
        context=Context(user_id=user.id),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert credited(simulator) == 20


async def test_nested_call(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, user: MockUser
) -> None:
    """Test that a call that is made while the trigger is being told comes too late to slip by."""
    await set_up(hass, config_entry)
    by_hand = Context(user_id=user.id)
    errors: list[Exception] = []

    async def credit() -> None:
        """Credit as the run of an automation."""
        try:
            await recharge(hass, config_entry, context=Context(parent_id=by_hand.id))
        except ServiceValidationError as err:
            errors.append(err)

    @callback
    def nest(_: Any) -> None:
        """Tell of the trigger within another event, then credit at once."""
        hass.bus.async_fire(
            "call_service", {"domain": "automation", "service": "trigger"}, context=by_hand
        )
        hass.async_create_task(credit())

    hass.bus.async_listen("outer", nest)
    hass.bus.async_fire("outer")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(errors) == 1
    assert orders_of(hass) == {}


async def test_get_recharges_by_hand(
    hass: HomeAssistant, config_entry: MockConfigEntry, user: MockUser
) -> None:
    """Test that the orders aren't told to such a run either."""
    await set_up(hass, config_entry)
    by_hand = Context(user_id=user.id)
    hass.bus.async_fire(
        "call_service", {"domain": "automation", "service": "trigger"}, context=by_hand
    )
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            "jrhsz",
            "get_recharges",
            {"config_entry_id": config_entry.entry_id},
            blocking=True,
            return_response=True,
            context=Context(parent_id=by_hand.id),
        )
    assert error.value.translation_key == "started_by_hand"


async def read(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, user: User, user_code: str = METER
) -> Any:
    """Read a meter's payments or records as a user."""
    return await hass.services.async_call(
        "jrhsz",
        action,
        {"device_id": device_of(hass, entry, user_code)},
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id),
    )


@pytest.mark.parametrize("action", READS)
async def test_policies(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    user: MockUser,
    action: str,
) -> None:
    """Test that a user reads what the policy lets him read of a meter's entities."""
    await set_up(hass, config_entry)
    key = "balance" if action == "get_payments" else "reading"
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        "sensor", "jrhsz", f"{config_entry.unique_id}|{METER}|{key}"
    )
    assert entity_id is not None
    assert await read(hass, config_entry, action, user)
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True}}}})
    assert await read(hass, config_entry, action, user)
    simulator.reset_counts()
    with pytest.raises(Unauthorized):
        await read(hass, config_entry, action, user, OTHER)
    policies: list[dict[str, Any]] = [{}, {"entities": {"domains": {"light": True}}}]
    for policy in policies:
        user.mock_policy(policy)
        with pytest.raises(Unauthorized):
            await read(hass, config_entry, action, user)
    assert simulator.calls == []


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("action", READS)
async def test_readers_without_a_sensor(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    user: MockUser,
    hass_admin_user: MockUser,
    action: str,
) -> None:
    """Test that only administrators read a meter whose sensor is gone, and nobody unknown does."""
    await set_up(hass, config_entry)
    registry = er.async_get(hass)
    for key in ("balance", "reading"):
        entity_id = registry.async_get_entity_id(
            "sensor", "jrhsz", f"{config_entry.unique_id}|{METER}|{key}"
        )
        assert entity_id is not None
        registry.async_remove(entity_id)
    with pytest.raises(Unauthorized):
        await read(hass, config_entry, action, user)
    assert await read(hass, config_entry, action, hass_admin_user)
    await hass.auth.async_remove_user(user)
    with pytest.raises(UnknownUser):
        await read(hass, config_entry, action, user)
