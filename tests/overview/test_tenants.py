"""A tenant who may read one room: what each command and action of ours tells such a user."""

import json
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from ..simulator import Simulator
from ..support.accounts import set_up
from ..support.recharges import METER, device_of, recharge_many

# All that there are besides those of what a user may read anyway: a new one has to be added.
COMMANDS: dict[str, dict[str, Any]] = {
    "jrhsz/blueprints": {"language": "en"},
    "jrhsz/recharge/prepare": {"device_id": ""},
    "jrhsz/recharge/send": {"device_id": "", "order_number": "HA1", "newest": None, "amount": 5},
    "jrhsz/recharge_many/start": {"config_entry_id": "", "batch": "B1", "amount": 5},
    "jrhsz/recharge_many/subscribe": {},
}
ACTIONS: dict[str, dict[str, Any]] = {
    "get_bills": {"start": "2026-11-01", "end": "2026-11-02"},
    "get_recharges": {},
    "rebuild_history": {},
    "recharge": {"amount": 5},
    "recharge_many": {"batch": "B1", "amount": 5},
}


@pytest.fixture
async def tenant(
    hass: HomeAssistant,
    frontend: None,
    config_entry: MockConfigEntry,
    hass_read_only_user: MockUser,
) -> MockUser:
    """Set the account up, with credits, and return a user who may read the entities of one room."""
    await set_up(hass, config_entry)
    await recharge_many(hass, config_entry_id=config_entry.entry_id, amount=20)
    mine = {entity_id: {"read": True} for entity_id in entities(hass, config_entry)[0]}
    hass_read_only_user.mock_policy({"entities": {"entity_ids": mine}})
    return hass_read_only_user


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> tuple[set[str], set[str]]:
    """Return the entities of the tenant's room, and all others of the account."""
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    mine = {item.entity_id for item in registered if f"|{METER}|" in item.unique_id}
    return mine, {item.entity_id for item in registered} - mine


async def test_commands(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    tenant: MockUser,
    hass_read_only_access_token: str,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Test that the tenant is told of this room alone, and refused all that is about money."""
    handlers: dict[str, Any] = hass.data[websocket_api.DOMAIN]
    ours = {name for name in handlers if name.startswith("jrhsz/")}
    assert ours == COMMANDS.keys() | {"jrhsz/rooms"}
    socket = await hass_ws_client(hass, hass_read_only_access_token)
    for command, message in COMMANDS.items():
        filled = {
            key: {
                "device_id": device_of(hass, config_entry),
                "config_entry_id": config_entry.entry_id,
            }.get(key, value)
            for key, value in message.items()
        }
        await socket.send_json_auto_id({"type": command, **filled})
        answer = await socket.receive_json()
        assert (answer["type"], answer["success"]) == ("result", False), command
        assert answer["error"]["code"] == "unauthorized", command
    for joined in (False, True):
        await socket.send_json_auto_id({"type": "jrhsz/rooms", "join_accounts": joined})
        answer = (await socket.receive_json())["result"]
        (room,) = answer["rooms"]
        (meter,) = room["meters"]
        mine, others = entities(hass, config_entry)
        assert (meter["user_code"], set(meter["entities"].values()) <= mine) == (METER, True)
        text = json.dumps(answer)
        devices = {code: device_of(hass, config_entry, code) for code in _others(config_entry)}
        for secret in (*others, *devices, *devices.values()):
            assert secret not in text


async def test_actions(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, tenant: MockUser
) -> None:
    """Test that the tenant may read what this meter's sensors are made of, and nothing else."""
    # What the credits and the start made due.
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.reset_counts()
    services = hass.services.async_services_for_domain("jrhsz")
    reads = {"get_payments", "get_consumption"}
    assert set(services) == ACTIONS.keys() | reads
    context = Context(user_id=tenant.id)
    account = {"config_entry_id": config_entry.entry_id}
    for action, data in ACTIONS.items():
        target = {"device_id": device_of(hass, config_entry)} if action == "recharge" else account
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                "jrhsz",
                action,
                {**target, **data},
                blocking=True,
                return_response=True,
                context=context,
            )
    assert simulator.calls == []
    for action in sorted(reads):
        for code in simulator.meters:
            call = hass.services.async_call(
                "jrhsz",
                action,
                {"device_id": device_of(hass, config_entry, code)},
                blocking=True,
                return_response=True,
                context=context,
            )
            if code == METER:
                assert await call
            else:
                with pytest.raises(Unauthorized):
                    await call
    assert {call.params["user_code"] for call in simulator.calls} == {METER}


def _others(entry: MockConfigEntry) -> list[str]:
    """Return the codes of the meters that aren't the tenant's."""
    return [meter["user_code"] for meter in entry.options["meters"] if meter["user_code"] != METER]
