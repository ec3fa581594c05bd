"""Tests of the blueprints: valid, the same in both languages, and doing what they say."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
import re
import shutil
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.jrhsz.history.values import Value
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from .simulator import CST, Fault, Simulator
from .support.accounts import account_of, set_up, state_of
from .support.recharges import METER, OTHER, credited, device_of, orders_of, recharge

FOLDER = Path(__file__).parents[1] / "blueprints" / "automation" / "jrhsz"
ENGLISH = sorted(path.stem for path in FOLDER.glob("*.yaml") if "zh-Hans" not in path.name)
FILES = sorted(path.name for path in FOLDER.iterdir())
ADDRESS = "https://github.com/ha-jrhsz/ha-jrhsz/blob/main/blueprints/automation/jrhsz/"
TOLD = [
    {
        "event": "told",
        "event_data": {"title": "{{ title }}", "message": "{{ message }}", "tag": "{{ tag }}"},
    }
]

# What blueprints ask of statistics is Home Assistant's own action: one database shows it.
ON_SQLITE = pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
NOT_ON = ["off", "unavailable", "unknown", None]
TOLD_WITHOUT_TAG = [
    {"event": "told", "event_data": {"title": "{{ title }}", "message": "{{ message }}"}}
]


@pytest.fixture
async def account(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, hass_config_dir: str
) -> AsyncGenerator[MockConfigEntry]:
    """Return an account that is set up, none of whose meters is low, beside the blueprints."""
    shutil.copytree(FOLDER, Path(hass_config_dir) / "blueprints" / "automation" / "jrhsz")
    for meter in simulator.meters.values():
        meter.set_balance(100)
    # What the platform keeps of the past is imported in other tests.
    entry = account_of(simulator, history_days=0)
    await set_up(hass, entry)
    yield entry
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    await hass.config_entries.async_unload(entry.entry_id)


async def automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> list[Event[Any]]:
    """Make an automation of a blueprint and return what it will tell; one that was is reloaded."""
    told = async_capture_events(hass, "told")
    use = {"path": f"jrhsz/{blueprint}.yaml", "input": inputs}
    config = {"automation": [{"id": "one", "alias": "one", "use_blueprint": use}]}
    if "automation" in hass.config.components:
        with patch("homeassistant.config.load_yaml_config_file", return_value=config):
            await hass.services.async_call("automation", "reload", blocking=True)
    else:
        assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    state = hass.states.get("automation.one")
    assert state is not None
    assert state.state == "on"
    return told


async def set_balance(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    balance: float | str,
    *codes: str,
) -> None:
    """Let meters have a balance, and poll them."""
    for code in codes or (METER,):
        simulator.meters[code].set_balance(balance)
        await account.runtime_data.coordinators[code].async_refresh_now()
    await hass.async_block_till_done(wait_background_tasks=True)


async def remind(hass: HomeAssistant, days: int = 1) -> None:
    """Let it be nine o'clock of a later day, at which reminders come."""
    nine = dt_util.start_of_local_day() + timedelta(days=days, hours=9, seconds=1)
    async_fire_time_changed(hass, nine)
    await hass.async_block_till_done()


def low_balance(hass: HomeAssistant, account: MockConfigEntry, code: str = METER) -> str:
    """Return the entity id of a meter's low balance."""
    return state_of(hass, account, code, "low_balance").entity_id


def without_texts(value: Any) -> Any:
    """Return a blueprint without what differs between languages."""
    if isinstance(value, Mapping):
        return {
            key: without_texts(item)
            for key, item in value.items()
            if key not in {"name", "description", "source_url", "stop", "unit_of_measurement"}
            and not (key == "default" and isinstance(item, str))
        }
    if isinstance(value, list):
        return [without_texts(item) for item in value]
    return value


@pytest.mark.parametrize("name", FILES)
def test_valid(name: str) -> None:
    """Test that Home Assistant takes every blueprint, and that it says where it comes from."""
    data = yaml_util.load_yaml(FOLDER / name)
    assert isinstance(data, dict)
    blueprint = Blueprint(
        data, path=name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    assert BLUEPRINT_SCHEMA(data)
    assert data["blueprint"]["source_url"] == ADDRESS + name


@pytest.mark.parametrize("name", ENGLISH)
def test_same_in_both_languages(name: str) -> None:
    """Test that only texts differ between the languages."""
    english, chinese = (
        yaml_util.load_yaml(FOLDER / f"{name}{language}.yaml") for language in ("", ".zh-Hans")
    )
    assert without_texts(english) == without_texts(chinese)
    assert english != chinese


def test_five() -> None:
    """Test that none was left out."""
    assert ENGLISH == [
        "automatic_recharge",
        "credit_on_tap",
        "low_balance",
        "monthly_report",
        "unusual_use",
    ]
    assert sorted(FILES) == sorted(f"{name}{x}.yaml" for name in ENGLISH for x in ("", ".zh-Hans"))


async def test_low_balance(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a low balance is told once, and again after it was sufficient."""
    told = await automate(
        hass,
        "low_balance",
        meters={"entity_id": [low_balance(hass, account), low_balance(hass, account, OTHER)]},
        notify=TOLD,
    )
    await set_balance(hass, account, simulator, 3.2)
    await set_balance(hass, account, simulator, 2.25)
    name = f"一栋 {METER}"
    assert [event.data for event in told] == [
        {
            "title": f"{name}: low balance",
            "message": "¥3.20 left.",
            "tag": f"jrhsz_low_balance_{device_of(hass, account)}",
        }
    ]
    await set_balance(hass, account, simulator, 50)
    await set_balance(hass, account, simulator, 3)
    assert len(told) == 2
    await set_balance(hass, account, simulator, 1, OTHER)
    assert [event.data["title"] for event in told[2:]] == [f"一栋 {OTHER}: low balance"]


async def test_low_balance_after_an_interruption(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a fall behind an unknown balance is told once, and a reload tells nothing more."""
    entity_id = low_balance(hass, account)
    told = await automate(hass, "low_balance", meters={"entity_id": entity_id}, notify=TOLD)
    simulator.set_dialect(numbers="dashes")
    await account.runtime_data.coordinators[METER].async_refresh_now()
    assert state_of(hass, account, METER, "low_balance").state == "unknown"
    simulator.set_dialect(numbers="string")
    await set_balance(hass, account, simulator, 1)
    assert state_of(hass, account, METER, "low_balance").state == "on"
    assert await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, account, METER, "low_balance").state == "on"
    assert len(told) == 1


@pytest.mark.parametrize("target", ["area_id", "floor_id", "label_id", "device_id"])
async def test_low_balance_of_many(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, target: str
) -> None:
    """Test all meters of an area, and the reminder of those that stay low."""
    floor = fr.async_get(hass).async_create("1")
    area = ar.async_get(hass).async_create("101", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("tenants")
    devices = [device_of(hass, account, code) for code in (METER, OTHER)]
    for device in devices:
        dr.async_get(hass).async_update_device(device, area_id=area.id, labels={label.label_id})
    ids = {
        "area_id": area.id,
        "floor_id": [floor.floor_id],
        "label_id": label.label_id,
        "device_id": devices,
    }
    told = await automate(
        hass, "low_balance", meters={target: ids[target]}, notify=TOLD, remind_every=1
    )
    await remind(hass)
    assert told == []
    await set_balance(hass, account, simulator, 1.5, METER, OTHER, "2022040004")
    assert [event.data["title"] for event in told] == [
        f"一栋 {code}: low balance" for code in (METER, OTHER)
    ]
    await remind(hass, days=2)
    assert [event.data for event in told[2:]] == [
        {
            "title": "Meters that are still low: 2",
            "message": f"一栋 {METER}: ¥1.50\n一栋 {OTHER}: ¥1.50",
            "tag": "jrhsz_low_balance_automation.one",
        }
    ]


async def test_low_balance_among_others(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that meters are found beside problems of others, whatever accounts are called."""
    area = ar.async_get(hass).async_create("101")
    dr.async_get(hass).async_update_device(device_of(hass, account), area_id=area.id)
    registry = er.async_get(hass)
    for entry in (MockConfigEntry(domain="other", title="jrhsz"), None):
        if entry is not None:
            entry.add_to_hass(hass)
        entity_id = registry.async_get_or_create(
            "binary_sensor", "other", str(entry), config_entry=entry
        ).entity_id
        registry.async_update_entity(entity_id, area_id=area.id)
        hass.states.async_set(entity_id, "on", {"device_class": "problem"})
    told = await automate(
        hass, "low_balance", meters={"area_id": area.id}, notify=TOLD, remind_every=1
    )
    await set_balance(hass, account, simulator, 1.5)
    await remind(hass)
    assert [event.data["message"] for event in told[1:]] == [f"一栋 {METER}: ¥1.50"]


@pytest.mark.parametrize(("due", "reminders"), [(True, 1), (False, 0)])
async def test_low_balance_again_after_days(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    *,
    due: bool,
    reminders: int,
) -> None:
    """Test that the reminder comes on every so many days only."""
    today = dt_util.now().toordinal()
    every = next(days for days in count(2) if (today % days == 0) is due)
    told = await automate(
        hass,
        "low_balance",
        meters={"entity_id": low_balance(hass, account)},
        notify=TOLD,
        remind_every=every,
    )
    await set_balance(hass, account, simulator, 1.5)
    await remind(hass)
    assert len(told) == 1 + reminders


async def test_low_balance_without_reminders(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that zero days mean no reminder."""
    told = await automate(
        hass,
        "low_balance",
        meters={"entity_id": low_balance(hass, account)},
        notify=TOLD,
        remind_every=0,
    )
    await set_balance(hass, account, simulator, 1.5)
    await remind(hass)
    assert len(told) == 1


def show_in(
    hass: HomeAssistant, account: MockConfigEntry, key: str, unit: str, code: str = METER
) -> None:
    """Let a user show a sensor in another unit."""
    er.async_get(hass).async_update_entity_options(
        state_of(hass, account, code, key).entity_id, "sensor", {"unit_of_measurement": unit}
    )


@pytest.mark.parametrize("unit", ["d", "h", "w"])
async def test_days_left(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    unit: str,
) -> None:
    """Test the texts in Chinese, with the days that are left, in whatever unit they are shown."""
    monkeypatch.setattr(
        "custom_components.jrhsz.sensor.days_left", lambda *_: Value(Decimal("2.54"))
    )
    show_in(hass, account, "days_left", unit)
    calls = async_mock_service(hass, "persistent_notification", "create")
    await automate(hass, "low_balance.zh-Hans", meters={"entity_id": low_balance(hass, account)})
    await set_balance(hass, account, simulator, 3.2)
    assert state_of(hass, account, METER, "days_left").attributes["unit_of_measurement"] == unit
    assert [call.data for call in calls] == [
        {
            "title": f"一栋 {METER}：余额不足",
            "message": "剩余 ¥3.20，约可用 2.5 天。",
            "notification_id": f"jrhsz_low_balance_{device_of(hass, account)}",
        }
    ]


@pytest.fixture
def user(hass: HomeAssistant, hass_admin_user: MockUser) -> str:
    """Return the id of a user that is somebody."""
    hass.states.async_set("person.anna", "home", {"user_id": hass_admin_user.id})
    return hass_admin_user.id


async def tappable(
    hass: HomeAssistant, account: MockConfigEntry, amount: float = 50
) -> list[Event[Any]]:
    """Make the automation that credits on a tap, and return what it will ask."""
    asked = async_capture_events(hass, "asked")
    meters = [low_balance(hass, account), low_balance(hass, account, OTHER)]
    await automate(
        hass,
        "credit_on_tap",
        meters={"entity_id": meters},
        amount=amount,
        persons=["person.anna"],
        ask=[{"event": "asked", "event_data": {"tap": "{{ tap }}", "button": "{{ button }}"}}],
        tell=TOLD,
    )
    return asked


async def tap(hass: HomeAssistant, action: str, user: str | None) -> None:
    """Tap on the button of a notification."""
    hass.bus.async_fire(
        "mobile_app_notification_action", {"action": action}, context=Context(user_id=user)
    )
    await hass.async_block_till_done(wait_background_tasks=True)


def first_event(hass: HomeAssistant, event_type: str) -> asyncio.Future[None]:
    """Return what is done with the next event."""
    seen = hass.loop.create_future()
    hass.bus.async_listen_once(event_type, callback(lambda _: seen.set_result(None)))
    return seen


async def test_credit_on_tap(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that taps on one notification are one order, and those on two are two."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    await set_balance(hass, account, simulator, 2)
    assert [event.data["button"] for event in asked] == ["Credit ¥50.00"]
    assert told == []
    assert simulator.ledger == []
    button = asked[0].data["tap"]
    number = button.split("|")[2]
    await tap(hass, button, user)
    await tap(hass, button, user)
    assert credited(simulator) == 50
    assert [order.out_trade_no for order in simulator.ledger] == [number]
    assert [event.data for event in told] == 2 * [
        {
            "title": f"一栋 {METER}: ¥50.00 credited",
            "message": f"¥50.00 was credited. Balance now: ¥52.00. Order {number}",
            "tag": number,
        }
    ]
    await set_balance(hass, account, simulator, 3)
    await tap(hass, asked[1].data["tap"], user)
    assert credited(simulator) == 100


async def test_credit_on_tap_by_somebody_else(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that nobody else can credit, and that other buttons are none of ours."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    button = asked[0].data["tap"]
    for other in (None, "somebody"):
        await tap(hass, button, other)
    assert [event.data["message"] for event in told] == 2 * [
        "Nothing was credited: somebody tapped who may not do that."
    ]
    for action in ("", "OPEN_DOOR", button.replace("JRHSZ|", "JRHSZ|0")):
        await tap(hass, action, user)
    assert len(told) == 2
    assert simulator.ledger == []


async def test_credit_on_tap_without_a_draft(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that a tap that somebody made up, with a number of its own, credits nothing."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    await set_balance(hass, account, simulator, 3, OTHER)
    fields, others = (event.data["tap"].split("|") for event in asked)
    assert fields[2] != others[2]
    for number in ("HA" + 22 * "0", "HA" + 29 * "0", "HA" + 30 * "0", "", others[2]):
        fields[2] = number
        await tap(hass, "|".join(fields), user)
    assert {event.data["message"][:9] for event in told} == {"Nothing w"}
    assert simulator.calls_of("Prestore") == []


async def test_credit_on_tap_on_phones(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that phones that are picked get the button, and that one number is handed out."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    phone = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("mobile_app", "1")}, name="Anna's phone 1"
    )
    sent = async_mock_service(hass, "notify", "mobile_app_anna_s_phone_1")
    told = await automate(
        hass,
        "credit_on_tap",
        meters={"device_id": account.runtime_data.device_id},
        amount=50,
        persons=["person.anna"],
        phones=[phone.id],
        tell=TOLD,
    )
    await set_balance(hass, account, simulator, 3)
    (call,) = sent
    assert (call.data["title"], call.data["message"]) == (
        f"一栋 {METER}: low balance",
        "¥3.00 left.",
    )
    (action,) = call.data["data"]["actions"]
    assert action["title"] == "Credit ¥50.00"
    assert call.data["data"]["tag"] == action["action"].split("|")[2]
    await tap(hass, action["action"], user)
    assert credited(simulator) == 50
    assert [event.data["title"] for event in told] == [f"一栋 {METER}: ¥50.00 credited"]


async def test_credit_on_tap_that_can_not_be(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a low balance is told without a button where nothing may be credited."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account, amount=600)
    await set_balance(hass, account, simulator, 3)
    assert asked == []
    assert [event.data["title"] for event in told] == [f"一栋 {METER}: low balance"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (3, "a-device"),
        (4, "¥500.00"),
        pytest.param(5, str(int(dt_util.utcnow().timestamp()) - 86500), id="a day old"),
        (5, "9999999999"),
        (5, "soon"),
    ],
)
async def test_credit_on_tap_out_of_date(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    user: str,
    *,
    field: int,
    value: str,
) -> None:
    """Test that an old or changed button only says so."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    fields = asked[0].data["tap"].split("|")
    fields[field] = value
    await tap(hass, "|".join(fields), user)
    assert [event.data["message"] for event in told] == [
        (
            "Nothing was credited: the button is older than 24 hours, or amount or meters have been"
            " changed since."
        )
    ]
    assert simulator.calls_of("Prestore") == []


@pytest.mark.usefixtures("no_pauses")
async def test_credit_on_tap_with_an_unknown_outcome(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that an unknown outcome is told, and what is found out later too, after a reload."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    button = asked[0].data["tap"]
    number = button.split("|")[2]
    await tap(hass, button, user)
    assert told[0].data["message"].startswith("Whether ¥50.00 was credited is not known yet.")
    await tappable(hass, account, amount=60)
    await forge_outcome(hass, account, number)
    assert len(told) == 1
    simulator.set_dialect(payment_delay=0)
    await hass.data[DATA_FOLLOWER].async_look_up_all(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [event.data for event in told[1:]] == [
        {
            "title": f"一栋 {METER}: ¥50.00 credited",
            "message": f"¥50.00 was credited. Order {number}",
            "tag": number,
        }
    ]
    assert credited(simulator) == 50


@pytest.mark.usefixtures("no_pauses")
async def test_credit_on_tap_refused(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, user: str
) -> None:
    """Test that a refusal by Home Assistant and one by the platform are told."""
    told, asked = async_capture_events(hass, "told"), await tappable(hass, account)
    await set_balance(hass, account, simulator, 3)
    await set_balance(hass, account, simulator, 3, OTHER)
    simulator.add_fault(Fault(kind="code", code=1009, interface="Prestore", msg="无权限"))
    await tap(hass, asked[0].data["tap"], user)
    hass.config_entries.async_update_entry(account, options=account.options | {"max_recharge": 20})
    await tap(hass, asked[1].data["tap"], user)
    assert [event.data["message"][:21] for event in told] == [
        "Nothing was credited:",
        "Nothing was sent. A l",
    ]
    assert simulator.ledger == []


@pytest.fixture
async def switch(hass: HomeAssistant) -> str:
    """Return the entity id of a helper that is switched on."""
    helper = {"automatic": {"initial": True}}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": helper})
    return "input_boolean.automatic"


async def automatic(
    hass: HomeAssistant, account: MockConfigEntry, **inputs: Any
) -> list[Event[Any]]:
    """Make the automation that credits two meters, and return what it will tell."""
    meters = {"entity_id": [low_balance(hass, account), low_balance(hass, account, OTHER)]}
    switch = "input_boolean.automatic"
    usual = {"meters": meters, "switch": switch, "amount": 30, "monthly_cap": 100, "notify": TOLD}
    return await automate(hass, "automatic_recharge", **usual | inputs)


async def wait_for_runs(hass: HomeAssistant, runs: int, event_type: str = "") -> None:
    """Wait for a number of runs, those that wait for their turn included, firing an event."""
    for _ in range(500):
        state = hass.states.get("automation.one")
        if state and state.attributes["current"] == runs:
            return
        if event_type:
            hass.bus.async_fire(event_type)
        await asyncio.sleep(0.01)
    raise TimeoutError


def messages(told: list[Event[Any]]) -> list[str]:
    """Return the texts that were told, without order numbers."""
    return [re.sub(r"HA[0-9A-Z]{30}", "HA…", event.data["message"]) for event in told]


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a low balance is one order, and another one within a day is none."""
    told = await automatic(hass, account)
    await set_balance(hass, account, simulator, 3)
    assert credited(simulator) == 30
    (order,) = simulator.ledger
    assert [event.data for event in told] == [
        {
            "title": f"一栋 {METER}: ¥30.00 credited",
            "message": (f"¥30.00 was credited. Balance now: ¥33.00. Order {order.out_trade_no}"),
            "tag": order.out_trade_no,
        }
    ]
    await set_balance(hass, account, simulator, 2)
    await set_balance(hass, account, simulator, 1, OTHER)
    assert credited(simulator) == 30
    assert credited(simulator, OTHER) == 30
    assert messages(told)[1:] == [
        "Nothing was sent: there was an order for this meter in the last 24 hours.",
        "¥30.00 was credited. Balance now: ¥31.00. Order HA…",
    ]


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_at_the_threshold(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a balance at the threshold, which is low, is below the default."""
    told = await automatic(hass, account)
    await set_balance(hass, account, simulator, 20)
    assert messages(told) == ["¥30.00 was credited. Balance now: ¥50.00. Order HA…"]


async def set_threshold(
    hass: HomeAssistant, account: MockConfigEntry, threshold: float, code: str = METER
) -> None:
    """Give a meter a threshold of its own, as the number does."""
    account.runtime_data.coordinators[code].balance.set_threshold(Decimal(str(threshold)))
    account.runtime_data.coordinators[code].async_update_listeners()
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_by_the_meters_own_threshold(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that with a threshold of 50 a balance of 45 is below the default."""
    await set_threshold(hass, account, 50)
    told = await automatic(hass, account)
    await set_balance(hass, account, simulator, 45)
    assert messages(told) == ["¥30.00 was credited. Balance now: ¥75.00. Order HA…"]


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_in_chinese(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that the Chinese title says what happened."""
    told = await automate(
        hass,
        "automatic_recharge.zh-Hans",
        meters={"device_id": device_of(hass, account)},
        switch="input_boolean.automatic",
        amount=30,
        only_below=2.5,
        monthly_cap=100,
        notify=TOLD,
    )
    await set_balance(hass, account, simulator, 3)
    title = f"一栋 {METER}：未充值：余额还有 ¥3.00，不低于 ¥2.50"
    assert [event.data["title"] for event in told] == [title]


@pytest.mark.usefixtures("switch")
@pytest.mark.parametrize("by", ["switch", "automation"])
async def test_automatic_recharge_of_what_is_low_already(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, by: str
) -> None:
    """Test that meters that are low when it is switched on are credited then, once."""
    told = await automatic(hass, account)
    entity = "input_boolean.automatic" if by == "switch" else "automation.one"
    service = "input_boolean" if by == "switch" else "automation"
    await hass.services.async_call(service, "turn_off", {"entity_id": entity}, blocking=True)
    await set_balance(hass, account, simulator, 3, METER, OTHER, "2022040004")
    assert told == []
    for _ in range(2):
        await hass.services.async_call(service, "turn_on", {"entity_id": entity}, blocking=True)
        await hass.async_block_till_done(wait_background_tasks=True)
        await hass.services.async_call(service, "turn_off", {"entity_id": entity}, blocking=True)
    assert sorted(order.user_code for order in simulator.ledger) == [METER, OTHER]
    assert len({order.out_trade_no for order in simulator.ledger}) == 2
    assert len(told) == 2


async def look_at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: datetime) -> None:
    """Let the look of an hour happen."""
    freezer.move_to(time.replace(minute=7, second=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_of_what_stays_low(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a meter that is low still is credited again a day later."""
    told = await automatic(hass, account, amount=5)
    await set_balance(hass, account, simulator, 3)
    assert credited(simulator) == 5
    await set_balance(hass, account, simulator, 3)
    now = dt_util.utcnow()
    await look_at(hass, freezer, now + timedelta(hours=23))
    assert credited(simulator) == 5
    await look_at(hass, freezer, now + timedelta(hours=25))
    assert credited(simulator) == 10
    assert len(told) == 2


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_tells_once_a_day_why_not(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what keeps it from crediting a meter that stays low isn't told every hour."""
    told = await automatic(hass, account, monthly_cap=20)
    await set_balance(hass, account, simulator, 3)
    assert len(told) == 1
    nine = dt_util.start_of_local_day() + timedelta(days=1, hours=9)
    for hour in (-1, 0, 1):
        await look_at(hass, freezer, nine + timedelta(hours=hour))
    assert [event.data["title"] for event in told] == 2 * [
        f"一栋 {METER}: not recharged, ¥20.00 a month are used"
    ]
    assert simulator.calls_of("Prestore") == []


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_fills_up(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that what is missing is credited to the cent, below the cap, and only if it is low."""
    told = await automatic(hass, account, amount=0, up_to=50, monthly_cap=60)
    await set_balance(hass, account, simulator, "3.21")
    assert credited(simulator) == Decimal("46.79")
    await set_balance(hass, account, simulator, 3, OTHER)
    assert credited(simulator, OTHER) == 0
    assert [event.data["title"] for event in told] == [
        f"一栋 {METER}: ¥46.79 credited",
        f"一栋 {OTHER}: not recharged, ¥60.00 a month are used",
    ]


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_of_neither_amount(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that who gave neither an amount nor what to fill up to is told so."""
    told = await automatic(hass, account, amount=0)
    await set_balance(hass, account, simulator, 3)
    assert [event.data["title"] for event in told] == [f"一栋 {METER}: not recharged, refused"]
    assert simulator.calls_of("Prestore") == []


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_of_a_whole_account(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that the device of an account stands for all of its meters, also for the cap."""
    set_switch(hass, "off")
    account_device = {"device_id": account.runtime_data.device_id}
    await automatic(hass, account, meters=account_device, monthly_cap=70)
    await set_balance(hass, account, simulator, 3, METER)
    set_switch(hass, "on")
    await hass.async_block_till_done(wait_background_tasks=True)
    await set_balance(hass, account, simulator, 3, "2022040004")
    await set_balance(hass, account, simulator, 3, "2022040008")
    assert [order.user_code for order in simulator.ledger] == [METER, "2022040004"]


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_up_to_the_cap(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that meters that get low at once stay below the cap together."""
    told = await automatic(hass, account, monthly_cap=59)
    for code in (METER, OTHER):
        simulator.meters[code].set_balance(3)
    coordinators = account.runtime_data.coordinators
    await asyncio.gather(*(coordinators[code].async_refresh_now() for code in (METER, OTHER)))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [order.amount for order in simulator.ledger] == [30]
    assert messages(told) == [
        "¥30.00 was credited. Balance now: ¥33.00. Order HA…",
        "Nothing was sent: ¥30.00 of ¥59.00 for this month are used.",
    ]


@pytest.mark.usefixtures("switch")
@pytest.mark.parametrize(
    ("sent", "status", "code", "amount", "count", "inputs"),
    [
        ("this month", "unknown", OTHER, "80", 0, {}),
        ("this month", "rejected", OTHER, "80", 1, {}),
        ("this month", "confirmed", OTHER, "70", 1, {}),
        ("this month", "confirmed", OTHER, "60.2", 1, {"amount": 30.1, "monthly_cap": 90.3}),
        ("this month", "confirmed", OTHER, "60.21", 0, {"amount": 30.1, "monthly_cap": 90.3}),
        ("this month", "confirmed", "2022040004", "80", 1, {}),
        ("last month", "confirmed", OTHER, "80", 1, {}),
        ("this month", "rejected", METER, "1", 0, {}),
    ],
)
async def test_automatic_recharge_counts(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    *,
    sent: str,
    status: str,
    code: str,
    amount: str,
    count: int,
    inputs: dict[str, float],
) -> None:
    """Test which earlier orders count."""
    month = dt_util.utcnow().astimezone(CST).replace(day=1, hour=0, minute=0, second=1)
    time = month if sent == "this month" else month - timedelta(seconds=2)
    order = Order(
        number="X1",
        account_id=str(account.unique_id),
        platform="host",
        username="demo",
        user_code=code,
        device_id=device_of(hass, account, code),
        meter="meter",
        amount=Decimal(amount),
        user_id=None,
        sent=dt_util.utcnow() if code == METER else time,
        status=Status(status),
    )
    await hass.data[DATA_ORDERS].journal.async_update(order)
    told = await automatic(hass, account, **inputs)
    await set_balance(hass, account, simulator, 3)
    assert len(simulator.ledger) == count
    assert len(told) == 1


def set_switch(hass: HomeAssistant, state: str | None) -> None:
    """Let the helper have a state, or none."""
    if state is None:
        hass.states.async_remove("input_boolean.automatic")
    else:
        hass.states.async_set("input_boolean.automatic", state)


@pytest.mark.usefixtures("switch")
@pytest.mark.parametrize("state", NOT_ON)
async def test_automatic_recharge_switched_off(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, state: str | None
) -> None:
    """Test that nothing is done unless it is switched on."""
    told = await automatic(hass, account)
    set_switch(hass, state)
    await set_balance(hass, account, simulator, 3)
    assert told == []
    assert simulator.calls_of("Prestore") == []


@pytest.mark.usefixtures("switch")
@pytest.mark.parametrize("state", ["on", *NOT_ON])
async def test_automatic_recharge_switched_off_while_another_runs(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, state: str | None
) -> None:
    """Test that a run that waits for its turn does nothing unless it is still switched on."""
    wait = {"wait_for_trigger": [{"trigger": "event", "event_type": "go_on"}]}
    told = await automatic(hass, account, notify=[*TOLD, wait])
    first = first_event(hass, "told")
    for code in (METER, OTHER):
        simulator.meters[code].set_balance(3)
        await account.runtime_data.coordinators[code].async_refresh_now()
    await first
    await wait_for_runs(hass, 2)
    set_switch(hass, state)
    await wait_for_runs(hass, 0, event_type="go_on")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [order.user_code for order in simulator.ledger] == [METER, OTHER][: len(told)]
    assert len(told) == (2 if state == "on" else 1)


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_is_not_needed(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that the balance is looked at again before an order."""
    told = await automatic(hass, account, only_below=2.5)
    await set_balance(hass, account, simulator, 3)
    assert told[0].data["title"] == f"一栋 {METER}: not recharged, ¥3.00 left, not below ¥2.50"
    assert messages(told) == ["Nothing was sent: the balance is ¥3.00, which is not below ¥2.50."]
    assert simulator.calls_of("Prestore") == []


@pytest.mark.usefixtures("switch", "no_pauses")
async def test_automatic_recharge_refused(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that refusals by the platform and by Home Assistant are told."""
    told = await automatic(hass, account)
    simulator.add_fault(Fault(kind="code", code=1009, interface="Prestore", msg="无权限"))
    await set_balance(hass, account, simulator, 3)
    hass.config_entries.async_update_entry(account, options=account.options | {"max_recharge": 20})
    await set_balance(hass, account, simulator, 3, OTHER)
    assert [message[:21] for message in messages(told)] == [
        "Nothing was credited:",
        "Nothing was sent. A l",
    ]
    assert simulator.ledger == []


@pytest.mark.usefixtures("switch")
async def test_automatic_recharge_without_the_journal(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that nothing is sent if earlier orders can't be seen."""
    told = await automatic(hass, account)
    async_mock_service(
        hass, "jrhsz", "get_recharges", response={}, raise_exception=HomeAssistantError("no")
    )
    await set_balance(hass, account, simulator, 3)
    assert [message[:17] for message in messages(told)] == ["Nothing was sent."]
    assert simulator.calls_of("Prestore") == []


async def let_be_unknown(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Let a meter be low, and its order be credited without an answer and without being listed."""
    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    await set_balance(hass, account, simulator, 3)


async def look_up(hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> None:
    """Let the platform list what it credited, and look orders up."""
    simulator.set_dialect(payment_delay=0)
    await hass.data[DATA_FOLLOWER].async_look_up_all(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("switch", "no_pauses")
async def test_automatic_recharge_with_an_unknown_outcome(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that what is found out later is told once, and that no other meter waits for it."""
    told = await automatic(hass, account)
    await let_be_unknown(hass, account, simulator)
    await set_balance(hass, account, simulator, 1, OTHER)
    await look_up(hass, account, simulator)
    await look_up(hass, account, simulator)
    assert [message[:22] for message in messages(told)] == [
        "Whether ¥30.00 was cre",
        "¥30.00 was credited. B",
        "¥30.00 was credited. O",
    ]
    unknown, other, found = (event.data for event in told)
    assert found["title"] == f"一栋 {METER}: ¥30.00 credited"
    assert unknown["title"] == f"一栋 {METER}: recharge of ¥30.00 not certain"
    assert found["tag"] == unknown["tag"] != other["tag"]
    assert credited(simulator) == credited(simulator, OTHER) == 30


@pytest.mark.usefixtures("switch", "no_pauses")
async def test_automatic_recharge_found_out_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that what the run itself finds out is told once."""
    told = await automatic(hass, account)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    await set_balance(hass, account, simulator, 3)
    (order,) = orders_of(hass).values()
    assert (order.status, order.source) == (Status.CONFIRMED, "payments")
    assert len(told) == 1


@pytest.mark.usefixtures("switch", "no_pauses")
async def test_automatic_recharge_by_a_forged_outcome(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that an event that anybody can fire says nothing, even of an order of its own."""
    told = await automatic(hass, account)
    await let_be_unknown(hass, account, simulator)
    await forge_outcome(hass, account, *orders_of(hass))
    assert [message[:22] for message in messages(told)] == ["Whether ¥30.00 was cre"]


async def forge_outcome(hass: HomeAssistant, account: MockConfigEntry, number: str) -> None:
    """Fire an event as if an order were settled, as any user's mobile app can."""
    data = {
        "order_number": number,
        "device_id": device_of(hass, account),
        "amount": 30.0,
        "status": "confirmed",
        "source": "payments",
    }
    hass.bus.async_fire("jrhsz_recharge", data)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("no_pauses")
async def test_automatic_recharge_found_out_after_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, switch: str
) -> None:
    """Test that a later outcome is told after a reload and a change, switched off or not."""
    told = await automatic(hass, account)
    await let_be_unknown(hass, account, simulator)
    await automatic(hass, account, amount=40)
    set_switch(hass, "off")
    await look_up(hass, account, simulator)
    assert [message[:22] for message in messages(told)] == [
        "Whether ¥30.00 was cre",
        "¥30.00 was credited. O",
    ]


@pytest.mark.usefixtures("switch", "no_pauses")
@pytest.mark.parametrize(
    ("is_credited", "expected"),
    [(True, "¥30.00 was credited. Order HA…"), (False, "Nothing was credited. Order HA…")],
)
async def test_automatic_recharge_that_a_person_decides_about(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    *,
    is_credited: bool,
    expected: str,
) -> None:
    """Test that a person's decision is told."""
    told = await automatic(hass, account)
    await let_be_unknown(hass, account, simulator)
    (number,) = orders_of(hass)
    await hass.data[DATA_ORDERS].async_close(number, credited=is_credited)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert messages(told)[1:] == [expected]


@pytest.mark.usefixtures("switch", "no_pauses")
@pytest.mark.parametrize("number", [None, "HA" + 30 * "0", "HA01KAYZ6Y8T0000000000000000"])
async def test_automatic_recharge_by_others(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, number: str | None
) -> None:
    """Test that the outcome of orders by others isn't told."""
    told = await automatic(hass, account)
    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    outcomes = async_capture_events(hass, "jrhsz_recharge")
    given: dict[str, Any] = {"order_number": number} if number else {}
    response = await recharge(hass, account, **given)
    assert response["status"] == "unknown"
    await look_up(hass, account, simulator)
    assert [event.data["status"] for event in outcomes] == ["unknown", "confirmed"]
    assert told == []


def statistic_of(
    account: MockConfigEntry, statistic: Statistic = Statistic.CONSUMPTION, code: str = METER
) -> str:
    """Return the id of a meter's statistic."""
    return statistic_id(str(account.unique_id), code, statistic)


async def add_use(
    hass: HomeAssistant, statistic: str, begin: datetime, changes: list[float]
) -> None:
    """Store a meter's use, or its cost, of consecutive days."""
    rows, total = [], 0.0
    for day, change in enumerate(changes):
        for hour in (0, 12):
            total += change / 2
            start = begin + timedelta(days=day, hours=hour)
            rows.append(StatisticData(start=start, state=total, sum=total))
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=statistic,
        source="jrhsz",
        statistic_id=statistic,
        unit_class=None,
        unit_of_measurement="CNY" if statistic.endswith("cost") else "kWh",
    )
    async_add_external_statistics(hass, metadata, rows)
    await async_wait_recording_done(hass)


def midnight() -> datetime:
    """Return the last midnight in China."""
    return dt_util.utcnow().astimezone(CST).replace(hour=0, minute=0, second=0, microsecond=0)


@ON_SQLITE
async def test_monthly_report(
    recorder_mock: Recorder, hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test the report of a month that is complete, and of one that is not."""
    end = midnight().replace(day=1)
    begin = (end - timedelta(days=1)).replace(day=1)
    # The first and the last day belong to other months.
    days = (end - begin).days
    use, cost = statistic_of(account), statistic_of(account, Statistic.COST)
    await add_use(hass, use, begin - timedelta(days=1), [90, *([2] * days), 90])
    await add_use(hass, cost, end - timedelta(days=2), [1.5, 2.75, 90])
    simulator.meters[METER].add_payment(20, at=begin + timedelta(hours=1))
    payments = simulator.meters[METER].payments(begin, end - timedelta(seconds=1))
    show_in(hass, account, "reading", "MWh")
    told = await automate(
        hass,
        "monthly_report",
        meters={"entity_id": [low_balance(hass, account), low_balance(hass, account, OTHER)]},
        day=dt_util.now().day,
        notify=TOLD_WITHOUT_TAG,
    )
    await remind(hass)
    credit = sum(payment.amount for payment in payments)
    others = simulator.meters[OTHER].payments(begin, end - timedelta(seconds=1))
    since = end - timedelta(days=2)
    assert [event.data for event in told] == [
        {
            "title": f"Water and electricity in {begin:%Y-%m}",
            "message": (
                f"一栋 {METER}: {2.0 * days} kWh, cost ¥4.25 (from {since:%m-%d}),"
                f" credited ¥{credit:.2f}\n"
                f"一栋 {OTHER}: ?, cost ?, credited"
                f" ¥{sum(payment.amount for payment in others):.2f}"
            ),
        }
    ]


@ON_SQLITE
async def test_monthly_report_of_nothing(
    recorder_mock: Recorder, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Test that there is no report without meters."""
    area = ar.async_get(hass).async_create("empty")
    told = await automate(
        hass,
        "monthly_report",
        meters={"area_id": area.id},
        day=dt_util.now().day,
        notify=TOLD_WITHOUT_TAG,
    )
    await remind(hass)
    assert told == []


@ON_SQLITE
async def test_monthly_report_on_its_day(
    recorder_mock: Recorder, hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that there is a report on one day of the month only."""
    other_day = 1 if dt_util.now().day > 1 else 2
    meters = {"entity_id": low_balance(hass, account)}
    told = await automate(
        hass, "monthly_report", meters=meters, day=other_day, notify=TOLD_WITHOUT_TAG
    )
    await remind(hass)
    assert told == []


@ON_SQLITE
@pytest.mark.parametrize("code", ["2022|0400", "|", "装" * 120], ids=len)
async def test_statistics_of_odd_codes(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    code: str,
) -> None:
    """Test that the statistics are found of codes that look like two, or are long in pinyin."""
    simulator.add_meter(user_code=code).set_balance(100)
    meters = [*account.options["meters"], {"user_code": code, "building": "", "room": "201"}]
    hass.config_entries.async_update_entry(account, options=account.options | {"meters": meters})
    assert await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    end = midnight().replace(day=1)
    begin = (end - timedelta(days=1)).replace(day=1)
    uses = {midnight() - timedelta(days=days): 1.0 for days in range(70, 0, -1)}
    uses[midnight() - timedelta(days=1)] = 5.0
    await add_use(hass, statistic_of(account, code=code), min(uses), [*uses.values()])
    use = sum(use for day, use in uses.items() if begin <= day < end)
    target = {"device_id": device_of(hass, account, code)}
    notify = TOLD_WITHOUT_TAG
    day = dt_util.now().day
    told = await automate(hass, "monthly_report", meters=target, day=day, notify=notify)
    await remind(hass)
    assert f"{use} kWh" in told[0].data["message"]
    told = await automate(hass, "unusual_use", meters=target, notify=TOLD)
    async_fire_time_changed(
        hass, dt_util.start_of_local_day() + timedelta(days=1, hours=10, seconds=1)
    )
    await hass.async_block_till_done()
    assert "5.0 kWh" in told[0].data["message"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("use", "days", "told_use"),
    [(3.5, 28, "3.5"), (2.9, 28, None), (3.5, 7, "3.5"), (3.5, 6, None), (0.4, 28, None)],
)
async def test_unusual_use(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    account: MockConfigEntry,
    *,
    use: float,
    days: int,
    told_use: str | None,
) -> None:
    """Test that a day with three times the usual is told, once."""
    usual = 1 if use > 1 else 0.1
    changes = [usual] * days + [use, 90]
    await add_use(hass, statistic_of(account), midnight() - timedelta(days=days + 1), changes)
    show_in(hass, account, "reading", "MWh")
    told = await automate(
        hass, "unusual_use", meters={"device_id": device_of(hass, account)}, notify=TOLD
    )
    ten = dt_util.start_of_local_day() + timedelta(days=1, hours=10, seconds=1)
    for _ in range(2):
        async_fire_time_changed(hass, ten)
        await hass.async_block_till_done()
    yesterday = midnight() - timedelta(days=1)
    expected = {
        "title": f"一栋 {METER}: unusual use",
        "message": f"{told_use} kWh on {yesterday:%Y-%m-%d}; 1.0 kWh a day are usual.",
        "tag": f"jrhsz_unusual_use_{device_of(hass, account)}",
    }
    assert [event.data for event in told] == ([expected] if told_use else [])


@ON_SQLITE
async def test_unusual_use_without_statistics(
    recorder_mock: Recorder, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Test that nothing is unusual while nothing is known."""
    meters = {"device_id": device_of(hass, account)}
    told = await automate(hass, "unusual_use", meters=meters, notify=TOLD, minimum=0)
    async_fire_time_changed(
        hass, dt_util.start_of_local_day() + timedelta(days=1, hours=10, seconds=1)
    )
    await hass.async_block_till_done()
    assert told == []
