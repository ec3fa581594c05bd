"""How the connections to the platform are."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .api import Habits, Interface, RateLimitError, Session
from .connection import session_of
from .const import DOMAIN
from .recharge.delays import LONGEST, ListDelays
from .recharge.orders import DATA_ORDERS


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(async_get_info)


async def async_get_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the information, added up over all accounts and hosts."""
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    sessions = [session_of(hass, entry) for entry in entries]
    pacers = {id(session.pacer): session.pacer for session in sessions}.values()
    calls: Counter[str] = sum((pacer.calls_of_last_hour() for pacer in pacers), Counter())
    ages = [str(age).partition(".")[0] for x in sessions if (age := x.token_age) is not None]
    info: dict[str, Any] = {
        "accounts": len(entries),
        "token_age": ", ".join(ages) or "–",
        "queue_length": sum(sum(pacer.queue_lengths().values()) for pacer in pacers),
        "calls_last_hour": calls.total(),
        "refused_calls": calls[RateLimitError.__name__],
    }
    imports = [
        f"{progress:.0%}"
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
        and (progress := entry.runtime_data.import_progress) is not None
    ]
    info["history_import"] = ", ".join(imports) or "–"
    delays = (hass.data[DATA_ORDERS].delays_at(entry) for entry in entries)
    info["payment_delay"] = ", ".join(map(_shown, delays)) or "–"
    info |= _learnt(sessions)
    if sessions:
        info["can_reach_server"] = _async_reach(hass, {session.base_url for session in sessions})
    return info


def _learnt(sessions: Sequence[Session]) -> dict[str, str]:
    """Return what was found out about the platform of each account; of lists, in two parts."""
    return {
        "encoding": ", ".join(session.encoding.value for session in sessions) or "–",
        "date_form": ", ".join(map(_date_form, sessions)) or "–",
        "widest_span": _of_lists(sessions, _widest_span),
        "page_cap": _of_lists(sessions, lambda habits: habits.page_cap or "–"),
    }


def _date_form(session: Session) -> str:
    """Return in which form dates were seen to be read."""
    forms = ("YYYY-MM-DD HH:MM:SS" if x.has_times else "YYYY-MM-DD" for x in session.proven_dates)
    return " / ".join(sorted(forms)) or "–"


def _widest_span(habits: Habits) -> str:
    """Return how many days a list may be of, and whether it has to end today."""
    form = habits.window or habits.candidate
    if form is None:
        return "∞" if habits.shown else "–"
    days = "∞" if form.days is None else f"{max(form.days, 1)} d"
    return f"{days} ≤" if form.to_today else days


def _of_lists(sessions: Sequence[Session], shown: Callable[[Habits], object]) -> str:
    """Return something about the list of payments and that of readings, for each account."""
    lists = (Interface.PAYMENTS, Interface.CONSUMPTION)
    pairs = (" / ".join(str(shown(x.habits[name])) for name in lists) for x in sessions)
    return ", ".join(pairs) or "–"


def _shown(delays: ListDelays) -> str:
    """Return how late an account's list shows our orders, as far as that is known."""
    if delays.are_lost:
        return f"> {LONGEST.total_seconds() / 3600:.0f} h"
    return str(delays.longest).partition(".")[0] if delays.listed else "–"


async def _async_reach(hass: HomeAssistant, addresses: set[str]) -> str | dict[str, str]:
    """Tell whether all hosts can be reached, or what is wrong with one of them."""
    checks = (system_health.async_check_can_reach_url(hass, address) for address in addresses)
    return next((x for x in await asyncio.gather(*checks) if x != "ok"), "ok")
