"""The issues that ask a person about orders or the journal."""

from collections.abc import Callable, Sequence
from datetime import datetime
import hashlib
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..api import CHINA_STANDARD_TIME
from ..const import DOMAIN
from ..documents import page_url
from ..texts import plain, yuan
from .journal import Journal
from .order import Order

JOURNAL: Final = "journal_"
JOURNAL_DAMAGED: Final = f"{JOURNAL}damaged"
JOURNAL_NOT_WRITTEN: Final = f"{JOURNAL}not_written"
JOURNAL_RESTORED: Final = f"{JOURNAL}restored"
JOURNAL_UNREADABLE: Final = f"{JOURNAL}unreadable"
OPEN_ORDERS: Final = "open_orders"
ORDER_CORRECTED: Final = "order_corrected"
ORDER_DOUBTED: Final = "order_doubted"
_LISTED: Final = 30


@callback
def async_update_open_orders(
    hass: HomeAssistant, account_id: str, lines: str, username: str = ""
) -> None:
    """Keep the one issue that lists an account's open orders, as lines, up to date.

    It outlives the account: then nobody can look them up, but they are not forgotten. Without any
    account nothing would make the issue again after a restart.
    """
    issue_id = open_orders_issue(account_id)
    if not lines:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, account_id)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"account": account_id},
        is_fixable=entry is not None,
        # Home Assistant adds persistent issues to diagnostics, with the names in them.
        is_persistent=not hass.config_entries.async_entries(DOMAIN),
        learn_more_url=page_url(hass, "recharges"),
        severity=ir.IssueSeverity.ERROR,
        translation_key=OPEN_ORDERS if entry else "orders_left",
        translation_placeholders={
            "account": entry.title if entry else username,
            "orders": lines,
        },
    )


@callback
def async_update_journal(hass: HomeAssistant, journal: Journal) -> None:
    """Keep the issues about the journal up to date."""
    file, gap = {"file": plain(str(journal.path))}, journal.gap
    aside = journal.path.with_name(journal.set_aside) if journal.set_aside else None
    told: dict[str, dict[str, str] | None] = {
        JOURNAL_DAMAGED: {"file": plain(str(aside))} if aside else None,
        JOURNAL_UNREADABLE: None if journal.is_loaded else file,
        JOURNAL_NOT_WRITTEN: None if journal.is_written else file,
        JOURNAL_RESTORED: {"begin": _minute(gap.begin), "end": _minute(gap.end)}
        if gap and not gap.confirmed and not aside
        else None,
    }
    for issue_id, placeholders in told.items():
        if placeholders is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=True,
            learn_more_url=page_url(hass, "recharges"),
            severity=ir.IssueSeverity.ERROR,
            translation_key=issue_id,
            translation_placeholders=placeholders,
        )


@callback
def async_tell_correction(hass: HomeAssistant, order: Order) -> None:
    """Tell that the list of payments contradicts what was believed of a closed order."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ORDER_CORRECTED}_{order.number}",
        is_fixable=True,
        is_persistent=True,
        learn_more_url=page_url(hass, "recharges"),
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"{ORDER_CORRECTED}_{order.status}",
        translation_placeholders={"order": plain(described(order, named=False))},
    )


@callback
def async_update_doubt(hass: HomeAssistant, order: Order) -> None:
    """Ask a person about a credit that the list of payments never showed, as long as it doesn't."""
    issue_id = f"{ORDER_DOUBTED}_{order.number}"
    if not order.doubted:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"account": order.account_id, "number": order.number},
        is_fixable=True,
        learn_more_url=page_url(hass, "recharges"),
        severity=ir.IssueSeverity.WARNING,
        translation_key=ORDER_DOUBTED,
        translation_placeholders={"meter": order.meter},
    )


def open_orders_issue(account_id: str) -> str:
    """Return the id of the issue that lists an account's open orders."""
    return f"{OPEN_ORDERS}_{hashlib.sha256(account_id.encode()).hexdigest()[:10]}"


def listed(orders: Sequence[Order], line: Callable[[Order], str]) -> str:
    """Return a list with a line for each order; of hundreds the first ones, and how many more."""
    shown = [f"- {line(order)}" for order in orders[:_LISTED]]
    rest = len(orders) - len(shown)
    return "\n".join([*shown, f"- … (+{rest})"] if rest else shown)


def described(order: Order, *, named: bool = True) -> str:
    """Return a line about an order that needs no translation, with or without its meter's name."""
    sent = order.sent.astimezone(CHINA_STANDARD_TIME)
    line = f"{yuan(order.amount)} · {sent:%Y-%m-%d %H:%M:%S} · {order.number}"
    return f"{order.meter} · {line}" if named else line


def _minute(time: datetime) -> str:
    """Return a time that needs no translation."""
    return f"{time.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
