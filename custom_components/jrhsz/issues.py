"""The issues that tell a person what is wrong with an account or its meters."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
import json
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .api import Interface, NoApiPermissionError, Session
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .documents import in_chinese, page_url
from .settings import (
    CONF_KEPT,
    CONF_KEPT_NAMES,
    CONF_KNOWN,
    ChosenMeter,
    chosen_meters,
    kept_meters,
)
from .texts import async_text, plain

CONTESTED: Final = "contested"
GONE_METERS: Final = "gone_meters"
MISSING_PERMISSIONS: Final = "missing_permissions"
NEW_METERS: Final = "new_meters"
RENAMED_ROOMS: Final = "renamed_rooms"
UNKNOWN_CODES: Final = "unknown_codes"
_ALL: Final = (
    CONTESTED,
    GONE_METERS,
    MISSING_PERMISSIONS,
    NEW_METERS,
    RENAMED_ROOMS,
    UNKNOWN_CODES,
)
_NAMED: Final = 30


@callback
def async_update_session_issues(
    hass: HomeAssistant, entry: JrhszConfigEntry, session: Session
) -> None:
    """Tell what the account may not do, and whether somebody else uses it."""
    missing = sorted(session.last_denied)
    if isinstance(session.refusal, NoApiPermissionError):
        missing = [Interface.LOGIN]
    texts = dict.fromkeys(
        async_text(hass, "selector", f"interface.options.{name.lower()}") or name
        for name in missing
    )
    _async_update(
        hass,
        entry,
        MISSING_PERMISSIONS,
        {"interfaces": ", ".join(missing), "effects": "\n".join(f"- {text}" for text in texts)}
        if missing
        else None,
        codes=missing,
    )
    _async_update(hass, entry, CONTESTED, {} if session.contested else None)


@callback
def async_update_meter_issues(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Tell which meters came, went or never were, except where a person has decided."""
    account, options = entry.runtime_data, entry.options
    chosen = chosen_meters(options)
    kept = options.get(CONF_KEPT, [])
    seen = {*chosen, *options.get(CONF_KNOWN, [])}
    polled = {meter.user_code for meter in account.polled}
    lost = [code for code in account.gone if code in polled and code not in kept]
    gone = [code for code in lost if account.coordinators[code].is_known]
    unknown = [code for code in lost if not account.coordinators[code].is_known]
    new = [meter for meter in account.new if meter.user_code not in seen]
    _async_update_lost(hass, entry, UNKNOWN_CODES, unknown, unknown)
    names = [_shown(account.coordinators[code], chosen[code]) for code in gone]
    _async_update_lost(hass, entry, GONE_METERS, gone, names)
    _async_update_renamed(hass, entry)
    _async_update(
        hass,
        entry,
        NEW_METERS,
        {
            "account": plain(entry.title),
            "count": str(len(new)),
            "places": _places(hass, [meter.building or entry.title for meter in new]),
            "meters": _lines(meter.label for meter in new),
        }
        if new
        else None,
        codes=[meter.user_code for meter in new],
        data={"meters": json.dumps(kept_meters(new), ensure_ascii=False)},
    )


@callback
def _async_update_lost(
    hass: HomeAssistant, entry: JrhszConfigEntry, key: str, codes: list[str], names: list[str]
) -> None:
    """Tell which chosen meters the platform doesn't have."""
    _async_update(
        hass,
        entry,
        key,
        {"count": str(len(codes)), "meters": _lines(names)} if codes else None,
        codes=codes,
    )


@callback
def _async_update_renamed(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Tell which rooms have other names on the platform, unless a person keeps the old ones."""
    account, chosen = entry.runtime_data, chosen_meters(entry.options)
    kept = entry.options.get(CONF_KEPT_NAMES, {})
    renamed = [
        meter
        for meter in account.renamed
        if (before := chosen.get(meter.user_code)) is not None
        and before.building == meter.building
        and before.room != meter.room
        and kept.get(meter.user_code) != meter.room
    ]
    names = (
        f"{_shown(account.coordinators[meter.user_code], chosen[meter.user_code])} → {meter.room}"
        for meter in renamed
    )
    _async_update(
        hass,
        entry,
        RENAMED_ROOMS,
        {"count": str(len(renamed)), "meters": _lines(names)} if renamed else None,
        # Another new name is something new.
        codes=[f"{meter.user_code}|{meter.room}" for meter in renamed],
        data={"meters": json.dumps(kept_meters(renamed), ensure_ascii=False)},
    )


def _shown(coordinator: MeterCoordinator, meter: ChosenMeter) -> str:
    """Return how a meter is called, by the name of its device if a person gave it one."""
    name = coordinator.shown_name
    return meter.label if name == meter.device_name else f"{name} · {meter.user_code}"


@callback
def async_delete_issues(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Tell nothing more about an account."""
    for key in _ALL:
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")


@callback
def _async_update(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    key: str,
    placeholders: dict[str, str] | None,
    *,
    codes: Sequence[str] | None = None,
    data: Mapping[str, str] | None = None,
) -> None:
    """Create or change an issue of an account, or delete it if there is nothing to tell.

    Those whose `codes` say what they are about, mostly meters, can be fixed. Home Assistant keeps
    none of them over a restart: it would show in diagnostics what is in them. A title is no
    Markdown: the account's name in it stays as it is.
    """
    issue_id = f"{key}_{entry.entry_id}"
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    about: dict[str, str | int | float | None] | None = None
    if codes is not None:
        about = {"entry_id": entry.entry_id, "codes": json.dumps(codes), **(data or {})}
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        if issue and issue.data and not {*codes} <= {*json.loads(str(issue.data["codes"]))}:
            # Somebody who ignored it doesn't know of all of these.
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=about,
        is_fixable=about is not None,
        is_persistent=False,
        learn_more_url=page_url(hass, "troubleshooting"),
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"account": entry.title, **placeholders},
    )


def _places(hass: HomeAssistant, buildings: Iterable[str]) -> str:
    """Return where meters are and, if that is in several buildings, how many in each."""
    places = Counter(buildings)
    if len(places) == 1:
        return next(iter(places))
    if in_chinese(hass):
        return "、".join(f"{place} {count}" for place, count in places.items())
    return ", ".join(f"{place} ({count})" for place, count in places.items())


def _lines(names: Iterable[str]) -> str:
    """Return a list for people; of hundreds only the first ones."""
    lines = [f"- {plain(name)}" for name in names]
    return "\n".join([*lines[:_NAMED], "- …"] if len(lines) > _NAMED else lines)
