"""The issues that ask a person about orders or the journal."""

from collections.abc import Sequence
import hashlib
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..api import CHINA_STANDARD_TIME
from ..const import DOMAIN
from .journal import Journal
from .order import Order

JOURNAL_DAMAGED: Final = "journal_damaged"
OPEN_ORDERS: Final = "open_orders"
ORDER_CORRECTED: Final = "order_corrected"
_LISTED: Final = 30


@callback
def async_update_open_orders(hass: HomeAssistant, account: str, orders: Sequence[Order]) -> None:
    """Keep the one issue that lists an account's open orders up to date.

    It outlives the account: then nobody can look them up, but they are not forgotten. Without any
    account nothing would make the issue again after a restart.
    """
    issue_id = open_orders_issue(account)
    if not orders:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, account)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"account": account},
        is_fixable=entry is not None,
        # Home Assistant adds persistent issues to diagnostics, with the names in them.
        is_persistent=not hass.config_entries.async_entries(DOMAIN),
        severity=ir.IssueSeverity.ERROR,
        translation_key=OPEN_ORDERS if entry else "orders_left",
        translation_placeholders={
            "account": entry.title if entry else orders[0].username,
            "orders": listed(orders),
        },
    )


@callback
def async_update_journal(hass: HomeAssistant, journal: Journal) -> None:
    """Keep the issue of a damaged journal up to date."""
    if journal.set_aside is None:
        ir.async_delete_issue(hass, DOMAIN, JOURNAL_DAMAGED)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        JOURNAL_DAMAGED,
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=JOURNAL_DAMAGED,
        translation_placeholders={"file": str(journal.path.with_name(journal.set_aside))},
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
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"{ORDER_CORRECTED}_{order.status}",
        translation_placeholders={"order": described(order, named=False)},
    )


def open_orders_issue(account: str) -> str:
    """Return the id of the issue that lists an account's open orders."""
    return f"{OPEN_ORDERS}_{hashlib.sha256(account.encode()).hexdigest()[:10]}"


def listed(orders: Sequence[Order]) -> str:
    """Return a line for each order; of hundreds for the first ones, and the number of the rest."""
    lines = [f"- {described(order)}" for order in orders[:_LISTED]]
    rest = len(orders) - len(lines)
    return "\n".join([*lines, f"- … (+{rest})"] if rest else lines)


def described(order: Order, *, named: bool = True) -> str:
    """Return a line about an order that needs no translation, with or without its meter's name."""
    sent = order.sent.astimezone(CHINA_STANDARD_TIME)
    line = f"{order.amount:.2f} CNY · {sent:%Y-%m-%d %H:%M:%S} · {order.number}"
    return f"{order.meter} · {line}" if named else line
