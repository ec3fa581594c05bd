"""The issues that tell a person what is wrong with an account or its meters."""

from collections import Counter
from collections.abc import Iterable, Sequence
import json
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations

from .api import EmptyReplyError, FailedError, NoApiPermissionError, Session
from .const import CONF_BUILDING, CONF_KEPT, DOMAIN
from .coordinator import JrhszConfigEntry
from .listing import Meter, label

CONTESTED: Final = "contested"
GONE_METERS: Final = "gone_meters"
MISSING_PERMISSIONS: Final = "missing_permissions"
NEW_METERS: Final = "new_meters"
UNKNOWN_CODES: Final = "unknown_codes"
_ALL: Final = (CONTESTED, GONE_METERS, MISSING_PERMISSIONS, NEW_METERS, UNKNOWN_CODES)
_NAMED: Final = 30

# What the platform answers about a meter that it doesn't know.
UNKNOWN_METER: Final = (FailedError, EmptyReplyError)


@callback
def async_update_session_issues(hass: HomeAssistant, entry: ConfigEntry, session: Session) -> None:
    """Tell what the account may not do, and whether somebody else uses it."""
    missing = sorted(session.last_denied)
    if isinstance(session.refusal, NoApiPermissionError):
        missing = ["login"]
    effects = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    prefix = f"component.{DOMAIN}.selector.interface.options"
    texts = dict.fromkeys(effects.get(f"{prefix}.{name.lower()}", name) for name in missing)
    _async_update(
        hass,
        entry,
        MISSING_PERMISSIONS,
        {"interfaces": ", ".join(missing), "effects": "\n".join(f"- {text}" for text in texts)}
        if missing
        else None,
    )
    _async_update(hass, entry, CONTESTED, {} if session.contested else None)


@callback
def async_update_unknown_codes(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Tell which codes the platform doesn't know, once all of them were asked about."""
    kept = entry.options.get(CONF_KEPT, [])
    codes = [
        meter.user_code
        for meter in entry.runtime_data.coordinators.values()
        if isinstance(meter.last_error, UNKNOWN_METER)
        and not meter.is_known
        and meter.user_code not in kept
    ]
    _async_update(
        hass,
        entry,
        UNKNOWN_CODES,
        {"count": str(len(codes)), "meters": _lines(codes)} if codes else None,
        data={"codes": json.dumps(codes)},
    )


@callback
def async_update_gone_meters(
    hass: HomeAssistant, entry: ConfigEntry, meters: Sequence[Meter]
) -> None:
    """Tell which chosen meters the platform no longer has."""
    codes = [meter["user_code"] for meter in meters]
    _async_update(
        hass,
        entry,
        GONE_METERS,
        {"count": str(len(codes)), "meters": _lines(map(label, meters))} if codes else None,
        data={"codes": json.dumps(codes)},
    )


@callback
def async_update_new_meters(
    hass: HomeAssistant, entry: ConfigEntry, meters: Sequence[Meter]
) -> None:
    """Tell which meters the platform has that were never seen before."""
    places = Counter(meter[CONF_BUILDING] or entry.title for meter in meters)
    several = len(places) > 1
    _async_update(
        hass,
        entry,
        NEW_METERS,
        {
            "count": str(len(meters)),
            "places": ", ".join(
                f"{place} ({count})" if several else place for place, count in places.items()
            ),
            "meters": _lines(map(label, meters)),
        }
        if meters
        else None,
        data={"meters": json.dumps(meters, ensure_ascii=False)},
    )


@callback
def async_delete_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell nothing more about an account."""
    for key in _ALL:
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")


@callback
def _async_update(
    hass: HomeAssistant,
    entry: ConfigEntry,
    key: str,
    placeholders: dict[str, str] | None,
    data: dict[str, str] | None = None,
) -> None:
    """Create or change an issue of an account, or delete it if there is nothing to tell.

    Those with data are looked for once a day, so they have to outlive a restart.
    """
    issue_id = f"{key}_{entry.entry_id}"
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, **data} if data else None,
        is_fixable=data is not None,
        is_persistent=data is not None,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"account": entry.title, **placeholders},
    )


def _lines(names: Iterable[str]) -> str:
    """Return a list for people; of hundreds only the first ones."""
    lines = [f"- {name}" for name in names]
    return "\n".join([*lines[:_NAMED], "- …"] if len(lines) > _NAMED else lines)
