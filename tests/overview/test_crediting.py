"""What the dashboard can do to credit a meter, or many."""

from datetime import timedelta
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import set_up, state_of
from ..support.recharges import (
    METER,
    OTHER,
    credited,
    device_of,
    hit,
    in_virtual_time,
    look_up_all,
    orders_of,
    recharge,
    recharge_many,
    restart_process,
    set_clock,
)

COMMANDS = (
    "recharge/prepare",
    "recharge/send",
    "recharge_many/start",
    "recharge_many/subscribe",
)


@pytest.fixture
async def socket(
    hass: HomeAssistant,
    frontend: None,
    config_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> MockHAClientWebSocket:
    """Set the account up and connect as an administrator."""
    await set_up(hass, config_entry)
    return await hass_ws_client(hass)


async def ask(socket: MockHAClientWebSocket, command: str, **message: Any) -> Any:
    """Return what a command answers."""
    await socket.send_json_auto_id({"type": f"jrhsz/{command}", **message})
    answer = await socket.receive_json()
    assert answer["success"], answer
    return answer["result"]


async def refused(socket: MockHAClientWebSocket, command: str, **message: Any) -> dict[str, Any]:
    """Return the error of a command."""
    await socket.send_json_auto_id({"type": f"jrhsz/{command}", **message})
    answer = await socket.receive_json()
    assert not answer["success"]
    return dict(answer["error"])


async def subscribed(socket: MockHAClientWebSocket) -> dict[str, Any]:
    """Subscribe to the jobs, and return what there is; what was told before is passed over."""
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/subscribe"})
    while (message := await socket.receive_json())["type"] != "result":
        pass
    while "jobs" not in (message := await socket.receive_json())["event"]:
        pass
    return dict(message["event"])


async def job_until_done(socket: MockHAClientWebSocket) -> list[dict[str, Any]]:
    """Return what is told of a job until it is done."""
    told = []
    while True:
        message = await socket.receive_json()
        if message["type"] == "event":
            told.append(message["event"]["job"])
            if told[-1]["state"] != "running":
                return told


async def test_one_meter(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    hass_admin_user: User,
) -> None:
    """Test a dialog from its opening to the outcome, pressed twice."""
    device_id = device_of(hass, config_entry)
    simulator.meters[METER].set_balance("12.50")
    simulator.reset_counts()
    shown = await ask(socket, "recharge/prepare", device_id=device_id)
    assert simulator.calls == []
    assert await ask(socket, "recharge/prepare", device_id=device_id) == shown
    number = shown["order_number"]
    meter = config_entry.runtime_data.coordinators[METER].data
    limits = {
        "order": 500.0,
        "meter": {"limit": 1000.0, "used": 0.0, "left": 1000.0},
        "account": {"limit": 2000.0, "used": 0.0, "left": 2000.0},
    }
    assert shown == {
        "order_number": number,
        "device_id": device_id,
        "meter": f"一栋 {METER}",
        "user_code": METER,
        "balance": float(meter.balance),
        "read_at": meter.read_time.isoformat(),
        "limits": limits,
        "newest": None,
    }
    order = {"device_id": device_id, "order_number": number, "newest": None, "up_to": 50}
    dry = await ask(socket, "recharge/send", dry_run=True, **order)
    assert (dry["status"], dry["amount"], dry["limits"]) == ("dry_run", 37.5, limits)
    assert (dry["order_number"], dry["newest"]) == (number, None)
    outcome = await ask(socket, "recharge/send", **order)
    assert outcome == {
        "device_id": device_id,
        "status": "confirmed",
        "order_number": number,
        "meter": f"一栋 {METER}",
        "user_code": METER,
        "amount": 37.5,
        "balance_before": 12.5,
        "balance": 50.0,
        "message": "",
        "earlier": False,
    }
    assert await ask(socket, "recharge/send", **order) == outcome
    assert credited(simulator) == 37.5
    assert orders_of(hass)[number].user_id == hass_admin_user.id
    shown = await ask(socket, "recharge/prepare", device_id=device_id)
    assert shown["order_number"] != number
    assert shown["limits"]["meter"]["left"] == 962.5
    assert shown["limits"]["account"] == {"limit": 2000.0, "used": 37.5, "left": 1962.5}
    assert shown["newest"] == {
        "order_number": number,
        "user": hass_admin_user.name,
        "sent": orders_of(hass)[number].sent.isoformat(),
        "amount": 37.5,
        "status": "confirmed",
    }


async def test_two_managers(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    *,
    hass_admin_user: User,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that who didn't see the other's order doesn't credit once more."""
    device_id = device_of(hass, config_entry)
    shown = await ask(socket, "recharge/prepare", device_id=device_id)
    order = {"device_id": device_id, "order_number": shown["order_number"], "amount": 50}
    other = await recharge(hass, config_entry, context=Context(user_id=hass_admin_user.id))
    freezer.tick(185)
    error = await refused(socket, "recharge/send", newest=shown["newest"], **order)
    assert error["translation_key"] == "newer_order"
    assert error["message"] == (
        f"{hass_admin_user.name} recharged 一栋 {METER} by ¥20.00 3 min ago. Nothing was sent."
    )
    number = other["order_number"]
    assert (await ask(socket, "recharge/send", newest=number, **order))["status"] == "confirmed"
    # What the dialog showed is older than what came since.
    freezer.tick(1)
    await recharge(hass, config_entry, amount=5)
    shown = await ask(socket, "recharge/prepare", device_id=device_id)
    order["order_number"] = shown["order_number"]
    error = await refused(socket, "recharge/send", newest=number, **order)
    assert error["translation_key"] == "newer_order_by_automation"
    assert credited(simulator) == 75
    # Of another meter it saw nothing, and there is nothing.
    shown = await ask(socket, "recharge/prepare", device_id=device_of(hass, config_entry, OTHER))
    order = {"device_id": shown["device_id"], "order_number": shown["order_number"], "amount": 7}
    assert (await ask(socket, "recharge/send", newest=None, **order))["status"] == "confirmed"
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.usefixtures("no_pauses")
async def test_rejected_orders_are_nobodys(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
) -> None:
    """Test that an order that credited nothing keeps nobody from crediting."""
    device_id = device_of(hass, config_entry)
    shown = await ask(socket, "recharge/prepare", device_id=device_id)
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    assert (await recharge(hass, config_entry))["status"] == "rejected"
    assert (await ask(socket, "recharge/prepare", device_id=device_id))["newest"] is None
    order = {"device_id": device_id, "order_number": shown["order_number"], "amount": 50}
    assert (await ask(socket, "recharge/send", newest=None, **order))["status"] == "confirmed"


async def test_refused(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that refusals are whole sentences in the language of Home Assistant, and not logged."""
    hass.config.language = "zh-Hans"
    await async_get_translations(hass, "zh-Hans", "exceptions", {"jrhsz", "homeassistant"})
    device_id = device_of(hass, config_entry)
    order = {"device_id": device_id, "newest": None}
    forged = f"HA{'0' * 29}"
    for message, key in (
        ({**order, "order_number": forged, "amount": 5}, "no_draft"),
        ({**order, "order_number": "Mine1", "amount": 501}, "limit_per_order"),
        ({**order, "order_number": "Mine1"}, "one_amount"),
        ({**order, "device_id": "nothing", "order_number": "Mine1", "amount": 5}, "no_meter"),
    ):
        error = await refused(socket, "recharge/send", **message)
        assert error["translation_key"] == key
        assert re.search("[\u4e00-\u9fff]", error["message"])
    assert (await refused(socket, "recharge/prepare", device_id="no"))["translation_key"] == (
        "no_meter"
    )
    start = {"config_entry_id": config_entry.entry_id, "batch": "a-b", "amount": 5}
    error = await refused(socket, "recharge_many/start", **start)
    assert error["translation_key"] == "invalid_batch"
    # What Home Assistant itself refuses too.
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    error = await refused(socket, "recharge_many/start", **{**start, "batch": "B1"})
    assert error.get("translation_domain") == "homeassistant", error
    assert re.search("[\u4e00-\u9fff]", error["message"])
    assert "Error handling message" not in caplog.text
    assert orders_of(hass) == {}


@pytest.mark.parametrize("command", COMMANDS)
async def test_rights(
    hass: HomeAssistant,
    frontend: None,
    config_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    *,
    hass_read_only_access_token: str,
    command: str,
) -> None:
    """Test that whoever is no administrator is told and can do nothing."""
    await set_up(hass, config_entry)
    socket = await hass_ws_client(hass, hass_read_only_access_token)
    messages: dict[str, dict[str, Any]] = {
        "recharge/prepare": {"device_id": "x"},
        "recharge/send": {"device_id": "x", "order_number": "x", "newest": None, "amount": 5},
        "recharge_many/start": {"config_entry_id": config_entry.entry_id, "batch": "x"},
    }
    error = await refused(socket, command, **messages.get(command, {}))
    assert error["code"] == "unauthorized"


async def test_many(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    *,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: User,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test a batch from its preview to its outcome, looked at by two, tried again."""
    codes = list(simulator.meters)
    entry_id = config_entry.entry_id
    assert await ask(socket, "recharge_many/subscribe") is None
    assert (await socket.receive_json())["event"] == {"jobs": []}
    batch = {"config_entry_id": entry_id, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", "dry_run": True, **batch})
    told = await job_until_done(socket)
    preview = told[-1]
    assert (told[0]["sum"], len(told[0]["rows"])) == (0, len(codes))
    assert (preview["state"], preview["dry_run"], preview["sum"]) == ("done", True, 160)
    assert preview["limits"] == {
        "order": 500,
        "account": {"limit": 2000, "used": 0, "left": 2000},
    }
    rows = {row["user_code"]: row for job in told for row in job["rows"]}
    assert {row["status"] for row in rows.values()} == {"dry_run"}

    for code in codes[:2]:
        simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore", user_code=code))
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **batch})
    told = await in_virtual_time(hass, freezer, job_until_done(socket))
    last = told[-1]
    expected: dict[str, Any] = {
        "batch": "B1",
        "config_entry_id": entry_id,
        "account": "demo",
        "user": hass_admin_user.name,
        "dry_run": False,
        "amount": 20,
        "up_to": None,
        "only_below": None,
        "state": "done",
        "message": "",
        "total": 8,
        "confirmed": 6,
        "rejected": 2,
        "unknown": 0,
        "not_needed": 0,
        "refused": 0,
        "sum": 120,
        "limits": {"order": 500, "account": {"limit": 2000, "used": 120, "left": 1880}},
        "rows": [],
    }
    assert expected.items() <= last.items()
    assert {row["status"] for row in told[0]["rows"]} == {"waiting"}
    # Each change is told with the row that changed.
    confirmed = [job["confirmed"] for job in told if job["rows"]]
    assert sorted(confirmed) == confirmed
    # Whoever comes back finds it.
    other = await hass_ws_client(hass)
    await ask(other, "recharge_many/subscribe")
    jobs = (await other.receive_json())["event"]["jobs"]
    assert [job["job"] for job in jobs] == [preview["job"], last["job"]]
    rows = {row["user_code"]: row for row in jobs[1]["rows"]}
    assert [rows[code]["status"] for code in codes[:3]] == ["rejected", "rejected", "confirmed"]

    target = {"entity_id": [state_of(hass, config_entry, codes[0], "balance").entity_id]}
    again = {"target": target, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **again})
    assert (await job_until_done(socket))[-1]["confirmed"] == 1
    assert (await job_until_done(other))[-1]["confirmed"] == 1
    assert credited(simulator, codes[0]) == 20
    assert await hass.config_entries.async_unload(entry_id)


@pytest.mark.parametrize("asked", [{"amount": 20}, {"up_to": 400}])
async def test_two_managers_with_many(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    *,
    freezer: FrozenDateTimeFactory,
    asked: dict[str, Any],
) -> None:
    """Test that what another one credited since the preview isn't credited once more unseen."""
    codes = list(simulator.meters)
    for meter in simulator.meters.values():
        meter.set_balance("300.00")
    wang = MockUser(name="Wang", is_owner=True).add_to_hass(hass)
    await subscribed(socket)
    start = {"type": "jrhsz/recharge_many/start", "batch": "B1", **asked}
    account = {"config_entry_id": config_entry.entry_id}
    await socket.send_json_auto_id({**start, **account, "dry_run": True})
    assert (await job_until_done(socket))[-1]["state"] == "done"
    # One room by a dialog, another one by a batch of another name.
    await recharge(hass, config_entry, codes[0], context=Context(user_id=wang.id))
    balance = state_of(hass, config_entry, codes[1], "balance").entity_id
    await recharge_many(
        hass, entity_id=balance, amount=30, batch="B2", context=Context(user_id=wang.id)
    )
    while (await job_until_done(socket))[-1]["batch"] != "B2":
        pass
    freezer.tick(185)
    await socket.send_json_auto_id({**start, **account})
    told = await job_until_done(socket)
    assert (told[-1]["confirmed"], told[-1]["refused"]) == (6, 2)
    rows = {row["user_code"]: row for job in told for row in job["rows"]}
    assert [rows[code]["message"] for code in codes[:2]] == [
        f"Wang recharged 一栋 {codes[0]} by ¥20.00 3 min ago. Nothing was sent.",
        f"Wang recharged 一栋 {codes[1]} by ¥30.00 3 min ago. Nothing was sent.",
    ]
    # Whoever has read that and tries again means it.
    failed = [state_of(hass, config_entry, code, "balance").entity_id for code in codes[:2]]
    await socket.send_json_auto_id({**start, "target": {"entity_id": failed}})
    assert (await job_until_done(socket))[-1]["confirmed"] == 2
    assert len(simulator.calls_of("Prestore")) == 10
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_whoever_leaves_stops_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
) -> None:
    """Test that a job goes on without the page that began it."""
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="Prestore"))
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    start = {"config_entry_id": config_entry.entry_id, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **start})
    await hit(slow)
    await socket.close()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(simulator.ledger) == 8


async def test_another_preview(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a preview takes the place of the last one, and reads only what that has not."""
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    preview = {"config_entry_id": config_entry.entry_id, "batch": "B1", "dry_run": True}
    slow = simulator.add_fault(
        Fault(
            kind="delay", seconds=0.2, interface="GetUserInfo", user_code=list(simulator.meters)[-1]
        )
    )
    simulator.reset_counts()
    await socket.send_json_auto_id(
        {"type": "jrhsz/recharge_many/start", "up_to": 500, "only_below": 1000, **preview}
    )
    await hit(slow)
    simulator.clear_faults()
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", "up_to": 1, **preview})
    first = (await job_until_done(socket))[-1]
    assert (first["state"], first["up_to"]) == ("refused", 500)
    assert first["message"] == (
        "This preview was stopped: another one took its place. Nothing was sent."
    )
    second = (await job_until_done(socket))[-1]
    assert (second["state"], second["up_to"], second["not_needed"]) == ("done", 1, 8)
    assert 9 <= len(simulator.calls_of("GetUserInfo")) < 16
    # Orders are made of what is read right before.
    simulator.reset_counts()
    start = {"config_entry_id": config_entry.entry_id, "batch": "B1", "up_to": 1}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **start})
    assert (await job_until_done(socket))[-1]["not_needed"] == 8
    assert len(simulator.calls_of("GetUserInfo")) == 8
    # What is known of a meter for some minutes is read anew.
    set_clock(monkeypatch, minutes=6)
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", "up_to": 2, **preview})
    assert (await job_until_done(socket))[-1]["not_needed"] == 8
    assert len(simulator.calls_of("GetUserInfo")) == 16


async def test_refused_whole(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
) -> None:
    """Test that a preview above the limit says so, with its rows and the numbers."""
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    start = {"config_entry_id": config_entry.entry_id, "batch": "B1", "amount": 260}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", "dry_run": True, **start})
    last = (await job_until_done(socket))[-1]
    assert (last["state"], last["sum"]) == ("refused", 2080)
    assert "8 meters would need ¥2080.00 in total" in last["message"]
    assert simulator.calls_of("Prestore") == []


async def test_settled_later(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    no_pauses: None,
) -> None:
    """Test that a row changes when its order is settled after the job was done."""
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    simulator.add_fault(Fault(kind="cut", interface="Prestore", user_code=METER))
    start = {"config_entry_id": config_entry.entry_id, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **start})
    assert (await job_until_done(socket))[-1]["unknown"] == 1
    (number,) = (order.number for order in orders_of(hass).values() if order.is_open)
    simulator.meters[METER].add_payment("20.00", order_number=number)
    assert config_entry.runtime_data.coordinators[METER] is not None
    await hass.services.async_call(
        "jrhsz",
        "get_recharges",
        {"config_entry_id": config_entry.entry_id, "verify": True},
        blocking=True,
        return_response=True,
    )
    last = (await job_until_done(socket))[-1]
    (row,) = last["rows"]
    assert (last["unknown"], last["confirmed"]) == (0, 8)
    assert (row["user_code"], row["status"]) == (METER, "confirmed")


async def test_after_a_restart(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    *,
    hass_admin_user: User,
    hass_ws_client: WebSocketGenerator,
    no_pauses: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that whoever comes back after a restart finds the batch, and can try again."""
    soon = (timedelta(milliseconds=50), timedelta(seconds=1))
    monkeypatch.setattr("custom_components.jrhsz.recharge.delays._OPEN", soon)
    codes = list(simulator.meters)
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore", user_code=codes[0]))
    simulator.add_fault(Fault(kind="cut", interface="Prestore", user_code=codes[1]))
    unread = simulator.add_fault(
        Fault(kind="status", interface="GetUserInfo", user_code=codes[2], times=None)
    )
    start = {"config_entry_id": config_entry.entry_id, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **start})
    before = (await job_until_done(socket))[-1]
    assert [before[key] for key in ("confirmed", "rejected", "unknown", "refused")] == [5, 1, 1, 1]
    simulator.clear_faults()
    assert unread.hits
    await restart_process(hass, config_entry)

    socket = await hass_ws_client(hass)
    (job,) = (await subscribed(socket))["jobs"]
    same = ("batch", "config_entry_id", "account", "user", "amount", "up_to", "only_below", "sum")
    assert {key: job[key] for key in same} == {key: before[key] for key in same}
    assert [job[key] for key in ("state", "total", "confirmed", "refused")] == ["done", 8, 5, 1]
    assert job["user"] == hass_admin_user.name
    rows = {row["user_code"]: row for row in job["rows"]}
    assert [rows[code]["status"] for code in codes[:4]] == [
        "rejected",
        "unknown",
        "refused",
        "confirmed",
    ]
    assert rows[codes[2]]["device_id"] == device_of(hass, config_entry, codes[2])
    assert rows[codes[3]]["meter"] == f"一栋 {codes[3]}"
    # Whoever subscribes again is told of the same job, and of what becomes of it.
    assert (await subscribed(socket))["jobs"][0]["job"] == job["job"]
    simulator.meters[codes[1]].add_payment("20.00", order_number=rows[codes[1]]["order_number"])
    await look_up_all(hass, config_entry)
    told = (await job_until_done(socket))[-1]
    assert (told["job"], told["unknown"], told["confirmed"]) == (job["job"], 0, 6)
    failed = [state_of(hass, config_entry, code, "balance").entity_id for code in codes[:3]]
    again = {"target": {"entity_id": failed}, "batch": "B1", "amount": 20}
    await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **again})
    while (last := (await job_until_done(socket))[-1])["job"] == job["job"]:
        pass
    assert (last["total"], last["confirmed"]) == (3, 3)
    assert credited(simulator, codes[0]) == credited(simulator, codes[2]) == 20
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_journal_that_can_not_be_read(
    hass: HomeAssistant, config_entry: MockConfigEntry, socket: MockHAClientWebSocket
) -> None:
    """Test that without the journal nothing is told of an earlier run."""
    journal = hass.data[DATA_ORDERS].journal
    journal.set_aside = "damaged"
    assert await subscribed(socket) == {"jobs": []}
    journal.set_aside = None


async def test_old_jobs_go(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    socket: MockHAClientWebSocket,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a day later nobody is told of a job any more."""
    await ask(socket, "recharge_many/subscribe")
    await socket.receive_json()
    target = {"entity_id": [state_of(hass, config_entry, METER, "balance").entity_id]}
    for batch in ("B1", "B2"):
        start = {"target": target, "batch": batch, "amount": 20}
        await socket.send_json_auto_id({"type": "jrhsz/recharge_many/start", **start})
        assert (await job_until_done(socket))[-1]["confirmed"] == 1
        freezer.move_to(dt_util.utcnow() + timedelta(days=1, minutes=1))
    await ask(socket, "recharge_many/subscribe")
    jobs = (await socket.receive_json())["event"]["jobs"]
    assert [job["batch"] for job in jobs] == ["B2"]
    assert await hass.config_entries.async_unload(config_entry.entry_id)
