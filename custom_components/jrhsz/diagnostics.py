"""What a person may publish about an account when asking for help.

Names, codes and addresses are never in it. A meter appears as a keyed hash, the same in every
download of an installation, so that one can talk about it.
"""

from decimal import Decimal
import hashlib
import hmac
import secrets
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntry

from .api import Pacer, Session
from .connection import session_of
from .const import DEFAULT_URL
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .devices import user_code_of
from .recharge.orders import DATA_ORDERS
from .rhythm import Rhythm
from .settings import CONF_PLACES, chosen_meters, shown_settings
from .store import AccountStore

_SECTION: Final = "diagnostics_key"
_LAST_CALLS: Final = 30


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: JrhszConfigEntry
) -> dict[str, Any]:
    """Return what is known about an account."""
    session = session_of(hass, entry)
    diagnostics = {
        "settings": shown_settings(entry.options),
        "account": {
            "state": entry.state.value,
            "vendors_address": entry.data[CONF_URL] == DEFAULT_URL,
            "encrypted": entry.data[CONF_URL].startswith("https:"),
            "verify_ssl": entry.data[CONF_VERIFY_SSL],
            "chosen_meters": len(chosen_meters(entry.options)),
            "listed_by": sorted(entry.options.get(CONF_PLACES, {})),
            **_session(session),
            "orders": _orders(hass, entry),
        },
        "interfaces": _interfaces(session.pacer, hass.loop.time()),
    }
    if entry.state is ConfigEntryState.LOADED:
        account = entry.runtime_data
        key = _key(account.store)
        diagnostics["meters"] = [_meter(meter, key) for meter in account.coordinators.values()]
    return diagnostics


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: JrhszConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known about an account and, of its meters, about this one."""
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    code = user_code_of(entry, device)
    if code is not None and "meters" in diagnostics:
        account = entry.runtime_data
        meter = account.coordinators[code]
        diagnostics["meters"] = [_meter(meter, _key(account.store))]
    return diagnostics


def _session(session: Session) -> dict[str, Any]:
    """Return what is known about the login."""
    age = session.token_age
    return {
        "token_age": None if age is None else round(age.total_seconds()),
        "contested": session.contested,
        "refusal": session.refusal.code if session.refusal else None,
        "not_permitted": sorted(name.value for name in session.last_denied),
        "quotas_used_up": sorted(name.value for name in session.quota.used_up),
        "encoding": session.encoding.value,
        "lists": {
            # The witness is a meter's code.
            name.value: habits.as_dict()
            | {"witness": habits.witness is not None, "untimed": habits.untimed}
            for name, habits in session.habits.items()
        },
    }


def _orders(hass: HomeAssistant, entry: JrhszConfigEntry) -> dict[str, Any]:
    """Return what is known of how the account's list of payments shows our orders."""
    delays = hass.data[DATA_ORDERS].delays_at(entry)
    return {
        "listed": delays.listed,
        "longest_delay": round(delays.longest.total_seconds()),
        "are_lost": delays.are_lost,
    }


def _interfaces(pacer: Pacer, now: float) -> list[dict[str, Any]]:
    """Return how the calls of all accounts of the host went, without what was in them."""
    return [
        {
            "interface": interface,
            "waiting": waiting,
            "last_calls": [
                {
                    "seconds_ago": round(now - record.ended, 1),
                    "seconds": round(record.seconds, 3),
                    "outcome": record.outcome,
                }
                for record in pacer.recent_calls(interface)[-_LAST_CALLS:]
            ],
        }
        for interface, waiting in pacer.queue_lengths().items()
    ]


def _meter(meter: MeterCoordinator, key: bytes) -> dict[str, Any]:
    """Return the state of a meter."""
    info, err = meter.data if meter.is_known else None, meter.last_error
    return {
        "meter": hmac.digest(key, meter.user_code.encode(), hashlib.sha256).hex()[:16],
        "type": info.meter_type if info else None,
        "reading": _text(info.reading if info else None),
        "read_time": info.read_time.isoformat() if info and info.read_time else None,
        "times_can_be_read": info.read_time is not None if info else None,
        "heard_at": meter.heard_at.isoformat() if meter.heard_at else None,
        "balance": _text(info.balance if info else None),
        "low": meter.balance.is_low,
        "threshold": str(meter.balance.threshold),
        "available": meter.last_update_success,
        "polled_at": meter.polled_at.isoformat() if meter.polled_at else None,
        "rhythm": _rhythm(meter.rhythm),
        # The platform's own words may name a person.
        "last_error": type(err).__name__ if err else None,
        "last_error_code": getattr(err, "code", None) or getattr(err, "status", None),
    }


def _rhythm(rhythm: Rhythm) -> dict[str, float] | None:
    """Return the seconds from report to report, and how long one takes, if that is known."""
    if (period := rhythm.period) is None or rhythm.late is None:
        return None
    return {"period": round(period), "early": round(rhythm.early), "late": round(rhythm.late)}


def _text(value: Decimal | None) -> str | None:
    """Return a number as it is."""
    return None if value is None else f"{value:f}"


@callback
def _key(store: AccountStore) -> bytes:
    """Return the key of the hashes; without it, all codes could be tried."""
    if not isinstance(store.data.get(_SECTION), str):
        store.data[_SECTION] = secrets.token_hex()
        store.async_schedule_save()
    return str(store.data[_SECTION]).encode()
