"""Tests of what happens to an account over the years: permissions, rivals, bad networks."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import (
    CHINA_STANDARD_TIME,
    Address,
    Client,
    ContestedError,
    PlatformError,
)
from custom_components.jrhsz.connection import (
    DATA_CONNECTIONS,
    async_get_http,
    async_get_session,
)

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, state_of, wait_for
from .support.flows import Driver
from .support.logs import lines
from .support.watched import METER, OTHER, absent_for_a_day, issue_of

LISTING = "Meters can't be listed: choose them by code; new ones are not noticed."
EFFECTS = {
    "getBuildCode": LISTING,
    "getUserCodeByAccount": LISTING,
    "getAddress": LISTING,
    "addressUserInfo": LISTING,
    "GetConsumenList": "No consumption statistics.",
    "GetPaymentList": "No payment events, no cost statistics and no recharges (their outcome "
    "could not be checked).",
    "Prestore": "No recharges.",
}


def state_is(entry: MockConfigEntry, state: ConfigEntryState) -> bool:
    """Tell whether an account is in this state by now."""
    return entry.state is state


def missing(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str] | None:
    """Return what the issue about permissions tells."""
    issue = issue_of(hass, entry, "missing_permissions")
    if issue is None:
        return None
    assert issue.is_fixable
    return dict(issue.translation_placeholders or {})


def calls_of_all(client: Client) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return a call of each interface but those that every account needs."""
    end = datetime(2026, 11, 1, tzinfo=CHINA_STANDARD_TIME)
    span = (METER, end - timedelta(days=1), end)
    address = Address(address="一栋一层", build_code="一栋")
    return {
        "getBuildCode": client.get_buildings,
        "getUserCodeByAccount": client.get_rooms,
        "getAddress": client.get_addresses,
        "addressUserInfo": lambda: client.get_rooms_at(address),
        "GetConsumenList": lambda: client.get_consumption(*span),
        "GetPaymentList": lambda: client.get_payments(*span),
        "Prestore": lambda: client.prestore(METER, "HA0000000000000000000000", Decimal(1)),
    }


def one_meter(simulator: Simulator, **options: Any) -> MockConfigEntry:
    """Return an account with one meter."""
    meters = [{"user_code": METER, "building": "一栋", "room": "101"}]
    return account_of(simulator, **{"meters": meters, **options})


GROUPS = ("getBuildCode", "GetConsumenList", "GetPaymentList", "Prestore")


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize(
    ("forbidden", "code"),
    [
        *((group, 1009) for size in (1, 2, 3, 4) for group in combinations(GROUPS, size)),
        (GROUPS, 1002),
        (tuple(EFFECTS), 1009),
    ],
)
async def test_permissions(
    hass: HomeAssistant, simulator: Simulator, forbidden: tuple[str, ...], code: int
) -> None:
    """Test every combination: meters work, one issue tells the rest, nothing is asked again."""
    simulator.set_dialect(forbidden=forbidden, forbidden_code=code)
    entry = one_meter(simulator)
    await set_up(hass, entry)
    calls = calls_of_all(entry.runtime_data.client)
    for _ in range(3):
        for interface, call in calls.items():
            if interface in forbidden:
                with pytest.raises(PlatformError):
                    await call()
            else:
                await call()
    # An address is asked for without its building too.
    calls_made = {name: 2 if name == "addressUserInfo" else 1 for name in forbidden}
    assert {name: len(simulator.calls_of(name)) for name in forbidden} == calls_made
    assert len(simulator.calls_of("login")) == 1
    assert state_of(hass, entry, METER, "balance").state != STATE_UNAVAILABLE
    assert hass.config_entries.flow.async_progress() == []

    told = missing(hass, entry)
    assert told is not None
    assert told["interfaces"] == ", ".join(sorted(forbidden))
    effects = dict.fromkeys(EFFECTS[interface] for interface in sorted(forbidden))
    assert told["effects"].splitlines() == [f"- {effect}" for effect in effects]
    issues = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == "jrhsz"]
    assert len(issues) == 1

    await restart(hass, entry)
    assert missing(hass, entry) == told
    assert {name: len(simulator.calls_of(name)) for name in forbidden} == calls_made


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("which", [0, 5])
@pytest.mark.parametrize("code", [1002, 1009])
async def test_one_meter_is_denied(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    which: int,
    code: Any,
) -> None:
    """Test that somebody else's code, be it the first or the last, closes no account."""
    codes = sorted(simulator.meters)[:6]
    simulator.set_dialect(denied_codes=(codes[which],), forbidden_code=code)
    meters = [{"user_code": code, "building": "", "room": code} for code in codes]
    entry = account_of(simulator, meters=meters)
    await set_up(hass, entry)
    for _ in range(2):
        await wait_for(hass, freezer, minutes=31)
        await restart(hass, entry)
    assert state_is(entry, ConfigEntryState.LOADED)
    known = {code for code, meter in entry.runtime_data.coordinators.items() if meter.is_known}
    assert {*codes} - known == {codes[which]}
    for other in known:
        assert state_of(hass, entry, other, "balance").state != STATE_UNAVAILABLE
    assert entry.runtime_data.client.session.denied == {}
    assert missing(hass, entry) is None


@pytest.mark.usefixtures("no_pace")
async def test_the_only_meter_is_denied(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what is denied to the only meter is denied to the account."""
    simulator.set_dialect(forbidden=("GetUserInfo",))
    entry = one_meter(simulator)
    await set_up(hass, entry)
    assert state_is(entry, ConfigEntryState.SETUP_ERROR)
    assert missing(hass, entry) is not None
    assert len(simulator.calls_of("GetUserInfo")) == 1


@pytest.mark.usefixtures("no_pace")
async def test_permission_is_tried_again_after_a_day(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what isn't permitted is tried once a day, and the issue goes with a success."""
    simulator.set_dialect(forbidden=("getBuildCode",))
    entry = one_meter(simulator)
    await set_up(hass, entry)
    client = entry.runtime_data.client

    async def look() -> None:
        """Try to list."""
        with pytest.raises(PlatformError):
            await client.get_buildings()

    await look()
    ir.async_ignore_issue(hass, "jrhsz", f"missing_permissions_{entry.entry_id}", True)
    simulator.reset_counts()
    for _ in range(23):
        await wait_for(hass, freezer, hours=1)
        await look()
    assert simulator.calls_of("getBuildCode") == []
    await wait_for(hass, freezer, hours=1, minutes=1)
    await look()
    assert 1 <= len(simulator.calls_of("getBuildCode")) <= 2
    # Who ignored the issue isn't told again every day.
    issue = issue_of(hass, entry, "missing_permissions")
    assert issue is not None
    assert issue.dismissed_version is not None

    simulator.set_dialect(forbidden=())
    await wait_for(hass, freezer, hours=24, minutes=1)
    assert missing(hass, entry) is not None
    await client.get_buildings()
    assert missing(hass, entry) is None


@pytest.mark.usefixtures("no_pace")
async def test_new_credentials_end_denials(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a person who signs in anew doesn't have to wait for a day."""
    simulator.set_dialect(forbidden=("getBuildCode",))
    entry = one_meter(simulator)
    await set_up(hass, entry)
    client = entry.runtime_data.client
    with pytest.raises(PlatformError):
        await client.get_buildings()
    simulator.set_dialect(forbidden=())
    await client.session.sign_in("demo-password", async_get_http(hass, verify_ssl=True))
    assert missing(hass, entry) is None
    assert await client.get_buildings()


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("code", [1009, 1002])
async def test_meters_may_not_be_read(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, code: int
) -> None:
    """Test that without the one interface that is needed the set-up fails and says so."""
    simulator.set_dialect(forbidden=("GetUserInfo",), forbidden_code=code)
    entry = account_of(simulator)
    await set_up(hass, entry)
    assert state_is(entry, ConfigEntryState.SETUP_ERROR)
    assert "GetUserInfo" in str(entry.reason)
    # The first denial could be about the first meter.
    assert len(simulator.calls_of("GetUserInfo")) == 2
    assert missing(hass, entry) == {
        "account": "demo",
        "interfaces": "GetUserInfo",
        "effects": "- Meters can't be read: nothing works.",
    }
    assert hass.config_entries.flow.async_progress() == []

    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await wait_for(hass, freezer, hours=5)
    assert state_is(entry, ConfigEntryState.SETUP_ERROR)
    assert len(simulator.calls_of("GetUserInfo")) == 2
    await wait_for(hass, freezer, hours=9, minutes=5)
    assert state_is(entry, ConfigEntryState.SETUP_ERROR)
    assert len(simulator.calls_of("GetUserInfo")) == 3

    simulator.set_dialect(forbidden=())
    await wait_for(hass, freezer, hours=24, minutes=5)
    assert state_is(entry, ConfigEntryState.LOADED)
    assert state_of(hass, entry, METER, "balance").state != STATE_UNAVAILABLE
    assert missing(hass, entry) is None


@pytest.mark.usefixtures("no_pace")
async def test_api_permission_is_taken_away(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that losing the permission to log in is told, costs two logins, and passes."""
    await set_up(hass, config_entry)
    simulator.deny_api("demo")
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=31)
    assert state_is(config_entry, ConfigEntryState.SETUP_ERROR)
    assert missing(hass, config_entry) == {
        "account": "demo",
        "interfaces": "login",
        "effects": "- The account may not use the platform's API at all: nothing works.",
    }
    assert len(simulator.calls_of("login")) == 2
    for _ in range(4):
        await wait_for(hass, freezer, hours=5)
    assert len(simulator.calls_of("login")) == 2
    assert hass.config_entries.flow.async_progress() == []

    simulator.deny_api("demo", denied=False)
    await wait_for(hass, freezer, hours=5)
    assert state_is(config_entry, ConfigEntryState.LOADED)
    assert missing(hass, config_entry) is None


TROUBLES: dict[str, dict[str, Any]] = {
    "status 500": {"kind": "status", "status": 500},
    "status 503": {"kind": "status", "status": 503},
    "status 401": {"kind": "status", "status": 401},
    "too many": {"kind": "status", "status": 429},
    "too often": {"kind": "code", "code": 1001, "msg": "访问过于频繁,请稍后再试"},
    "failure": {"kind": "code", "code": 1001},
    "cut": {"kind": "cut"},
    "cut body": {"kind": "cut_body"},
    "html": {"kind": "html"},
    "garbage": {"kind": "garbage"},
    "no code": {"kind": "no_code"},
    "redirect": {"kind": "redirect", "status": 307},
}


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_never_asks_for_a_password(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, trouble: str
) -> None:
    """Test that trouble in polls and in logins passes by itself, with no form and no issue."""
    entry = one_meter(simulator)
    await set_up(hass, entry)
    for interface in ("GetUserInfo", "login"):
        simulator.add_fault(Fault(**TROUBLES[trouble], interface=interface, times=None))
        simulator.expire_tokens()
        await wait_for(hass, freezer, minutes=31)
        for _ in range(4):
            await wait_for(hass, freezer, minutes=31)
        assert state_of(hass, entry, METER, "balance").state == STATE_UNAVAILABLE
        assert state_is(entry, ConfigEntryState.LOADED)
        simulator.clear_faults()
        for _ in range(3):
            await wait_for(hass, freezer, minutes=31)
        assert state_of(hass, entry, METER, "balance").state != STATE_UNAVAILABLE
    assert hass.config_entries.flow.async_progress() == []
    assert simulator.strays == []
    assert issue_of(hass, entry, "contested") is None
    assert missing(hass, entry) is None


@pytest.mark.usefixtures("no_pace")
async def test_a_rival_for_a_day(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test a day in which somebody else logs in every 20 s, and each login ends the others."""
    simulator.set_dialect(new_login="ends")
    entry = one_meter(simulator, scan_interval=2)
    await set_up(hass, entry)
    simulator.reset_counts()
    for _ in range(24 * 30):
        # Of the rival's logins between two polls the last one is as good as all.
        simulator.rival_login()
        await wait_for(hass, freezer, minutes=2)
    times = [call.at for call in simulator.calls_of("login")]
    busiest = max(
        sum(time <= other < time + timedelta(hours=1) for other in times) for time in times
    )
    assert busiest <= 30
    assert len(times) <= 40
    contested = [later - time for time, later in pairwise(times[4:])]
    assert min(contested) >= timedelta(minutes=5)
    assert contested[-1] >= timedelta(hours=1)
    issue = issue_of(hass, entry, "contested")
    assert issue is not None
    assert issue.translation_placeholders == {"account": "demo"}
    assert hass.config_entries.flow.async_progress() == []
    assert state_is(entry, ConfigEntryState.LOADED)

    for _ in range(3):
        await wait_for(hass, freezer, minutes=40)
    assert state_of(hass, entry, METER, "balance").state != STATE_UNAVAILABLE
    for _ in range(15):
        await wait_for(hass, freezer, minutes=2)
    assert issue_of(hass, entry, "contested") is None


async def test_two_accounts_share_the_pace(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> None:
    """Test that of two accounts at one host no call comes early, and another host is free."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.05)
    async with (
        Simulator(
            meters=8, limit=0.05, accounts={"demo": "demo-password", "other": "pw"}
        ) as shared,
        Simulator(meters=2, limit=0.05) as apart,
    ):
        first = account_of(shared)
        second = MockConfigEntry(
            domain="jrhsz",
            title="other",
            unique_id=str(first.unique_id).replace("/demo", "/other"),
            data={**first.data, "username": "other", "password": "pw"},
            options=dict(first.options),
        )
        third = account_of(apart)
        for entry in (first, second, third):
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        for entry in (first, second, third):
            assert state_is(entry, ConfigEntryState.LOADED)
        assert (shared.early, apart.early) == (0, 0)
        assert len(shared.calls_of("GetUserInfo")) == 16
        assert {call.account for call in shared.calls_of("GetUserInfo")} == {"demo", "other"}
        pacers = [entry.runtime_data.client.session.pacer for entry in (first, second, third)]
        assert pacers[0] is pacers[1]
        assert pacers[0] is not pacers[2]
        for entry in (first, second, third):
            assert await hass.config_entries.async_unload(entry.entry_id)


async def test_settings_take_effect_without_a_poll(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that new thresholds hold at once, for what is known already."""
    simulator.meters[METER].set_balance("25")
    await set_up(hass, config_entry)
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_OFF
    simulator.reset_counts()
    flow = await Driver.options(hass, config_entry.entry_id)
    await flow.choose("settings")
    values = {str(key): flow.default(key) for key in flow.fields}
    await flow.submit(**{**values, "low_balance": 25.0})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_ON
    assert simulator.calls_of("GetUserInfo") == []
    assert simulator.calls_of("login") == []


async def test_meter_is_replaced(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a new meter in the same place keeps the device, with its own number and reading."""
    await set_up(hass, config_entry)
    identifier = ("jrhsz", f"{config_entry.unique_id}|{METER}")
    before = device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id)
    assert before is not None
    freezer.tick(1860)
    simulator.meters[METER].replace("209999999999", "0.50")
    await wait_for(hass, freezer, seconds=0)
    after = device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id)
    assert after is not None
    assert (after.id, after.serial_number) == (before.id, "209999999999")
    assert state_of(hass, config_entry, METER, "reading").state == "0.5"
    await restart(hass, config_entry)
    after = device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id)
    assert after is not None
    assert after.serial_number == "209999999999"


@pytest.mark.parametrize("end", ["remove", "disable"])
async def test_issues_go_with_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    no_pace: None,
    end: str,
) -> None:
    """Test that nothing is told of an account that is gone or disabled."""
    simulator.meters[OTHER].hide()
    simulator.set_dialect(forbidden=("GetPaymentList",))
    entry = account_of(simulator)
    await set_up(hass, entry)
    await absent_for_a_day(hass, freezer)
    with pytest.raises(PlatformError):
        await calls_of_all(entry.runtime_data.client)["GetPaymentList"]()
    assert issue_of(hass, entry, "unknown_codes") is not None
    assert missing(hass, entry) is not None
    simulator.reset_counts()
    if end == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [x for x in ir.async_get(hass).issues.values() if x.domain == "jrhsz"] == []
    assert simulator.calls == []


async def test_polls_that_met_a_pause_of_logins(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, no_pace: None
) -> None:
    """Test that meters that had to wait for a login are polled as soon as one succeeds."""
    entry = account_of(simulator)
    session = async_get_session(hass, simulator.url, "demo")
    await session.sign_in("demo-password", async_get_http(hass, verify_ssl=True))
    simulator.forget_tokens()
    simulator.add_fault(Fault(kind="status", interface="login", times=3))
    await set_up(hass, entry)
    meters = list(entry.runtime_data.coordinators.values())
    assert not any(meter.is_known for meter in meters)
    stranded = [meter for meter in meters if isinstance(meter.last_error, ContestedError)]
    assert len(stranded) == 5
    freezer.tick(20)
    await meters[0].async_refresh_now()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert all(meter.is_known for meter in [meters[0], *stranded])


async def test_quota_of_a_day(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    no_pace: None,
) -> None:
    """Test that a quota that is used up costs a call an hour, and all go on when it is back."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    words = "今日调用次数已达上限"
    reason = f"The platform says that a quota is used up: {words} (code 1001). It is asked again"
    simulator.add_fault(Fault(kind="code", msg=words, interface="GetUserInfo", times=None))
    caplog.clear()
    caplog.set_level("INFO", "custom_components.jrhsz")
    simulator.reset_counts()
    for _ in range(12 * 6):
        await wait_for(hass, freezer, minutes=10)
    polls = len(simulator.calls_of("GetUserInfo"))
    assert 12 <= polls <= 12 + 3
    meters = entry.runtime_data.coordinators.values()
    with pytest.raises(HomeAssistantError, match=words):
        await hass.services.async_call(
            "button",
            "press",
            {"entity_id": state_of(hass, entry, METER, "refresh").entity_id},
            blocking=True,
        )
    assert len(simulator.calls_of("GetUserInfo")) == polls
    assert entry.runtime_data.gone == []

    simulator.clear_faults()
    for _ in range(7):
        await wait_for(hass, freezer, minutes=10)
    assert all(meter.last_update_success for meter in meters)
    last = max(meter.polled_at for meter in meters)
    assert all(last - meter.polled_at <= timedelta(minutes=30) for meter in meters)
    assert [line for level, line in lines(caplog) if level != "WARNING"] == [
        f"The meters of account demo can't be read: {reason} once an hour",
        "The meters of account demo can be read again",
    ]
    assert [x for x in ir.async_get(hass).issues.values() if x.domain == "jrhsz"] == []


@pytest.mark.usefixtures("no_pace", "socket_enabled")
@pytest.mark.parametrize("is_known", [True, False])
async def test_start_with_a_clock_in_1970(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    is_known: bool,  # noqa: FBT001  parametrized
) -> None:
    """Test that a clock that is wrong at the start costs nothing once it is right."""
    now = dt_util.utcnow()
    async with Simulator(meters=3, limit=0.0, history_days=3, clock=lambda: now) as simulator:
        entry = account_of(simulator)
        if is_known:
            await set_up(hass, entry)
            assert await hass.config_entries.async_unload(entry.entry_id)
        hass.data.pop(DATA_CONNECTIONS, None)
        freezer.move_to("1970-01-01T00:01:00+00:00")
        await set_up(hass, entry)
        simulator.reset_counts()
        for meter in simulator.meters.values():
            meter.set_balance("33.25")
        freezer.move_to(now)
        await wait_for(hass, freezer, minutes=31)
        for code in simulator.meters:
            assert state_of(hass, entry, code, "balance").state == "33.25"
        assert len(simulator.calls_of("login")) == 1
        assert [x for x in ir.async_get(hass).issues.values() if x.domain == "jrhsz"] == []
        polled = [meter.polled_at for meter in entry.runtime_data.coordinators.values()]
        assert all(dt_util.utcnow() - time < timedelta(hours=1) for time in polled)
        assert await hass.config_entries.async_unload(entry.entry_id)
