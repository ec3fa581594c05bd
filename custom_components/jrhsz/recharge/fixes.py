"""The fix flows of issues about orders and their journal."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..api import CHINA_STANDARD_TIME, Payment, PlatformError, Priority, Turn
from ..connection import client_of
from ..const import DOMAIN
from ..coordinator import JrhszConfigEntry
from ..texts import plain, yuan
from .follow import DATA_FOLLOWER
from .issues import (
    JOURNAL_DAMAGED,
    JOURNAL_NOT_WRITTEN,
    JOURNAL_RESTORED,
    JOURNAL_UNREADABLE,
    described,
)
from .order import Order
from .orders import DATA_ORDERS
from .proof import probable
from .request import AccountMeter
from .words import async_message

CONF_ORDER: Final = "order"

_PATIENCE: Final = 40
_NOTHING: Final = "–"


class OpenOrdersFlow(RepairsFlow):
    """Asks whether open orders were credited."""

    _decisions: ClassVar = ["credited", "not_credited", "init"]

    def __init__(self, account_id: str) -> None:
        """Be about the orders of an account."""
        self._account_id = account_id
        self._number = ""

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer to look all orders up again, or to decide about one."""
        if not (orders := self._orders):
            return self.async_create_entry(data={})
        return self.async_show_menu(
            step_id="init",
            menu_options=["check", "order"],
            description_placeholders={"orders": self.hass.data[DATA_ORDERS].lines(orders)},
        )

    async def async_step_check(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Look all orders up again."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="account_removed")
        follower = self.hass.data[DATA_FOLLOWER]
        # What takes longer goes on in the background.
        task = self.hass.async_create_background_task(
            follower.async_look_up_all(entry.entry_id), f"{DOMAIN} look-up of orders"
        )
        await asyncio.wait({task}, timeout=_PATIENCE)
        return await self.async_step_init()

    async def async_step_order(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose the order to decide about."""
        if not (orders := self._orders):
            return await self.async_step_init()
        if user_input is not None or len(orders) == 1:
            self._number = user_input[CONF_ORDER] if user_input else orders[0].number
            return await self.async_step_decide()
        options = [SelectOptionDict(value=o.number, label=described(o)) for o in orders]
        select = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )
        return self.async_show_form(
            step_id="order", data_schema=vol.Schema({vol.Required(CONF_ORDER): select})
        )

    async def async_step_decide(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what is known about the order, and ask."""
        entry, orders = self._entry, self.hass.data[DATA_ORDERS]
        order = orders.journal.orders.get(self._number)
        if entry is None or order is None:
            return self.async_abort(reason="account_removed")
        balance, payments = await self._async_read(entry, order)
        order = orders.journal.orders[self._number]
        if not order.is_open and not order.doubted:
            return await self.async_step_init()
        delays = orders.delays_of(order, entry)
        return self.async_show_menu(
            step_id="decide",
            menu_options=self._decisions,
            description_placeholders={
                "order": plain(described(order)),
                "balance_before": _yuan(order.balance_before),
                "balance": _yuan(balance),
                "rise": _just_this(order),
                "payments": _listed(payments),
                "probable": _listed(probable(order, payments, orders.journal.knows)),
                "message": plain(async_message(self.hass, order, delays)) or _NOTHING,
            },
        )

    async def async_step_credited(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Close the order: it was credited."""
        await self.hass.data[DATA_ORDERS].async_close(self._number, credited=True)
        return await self.async_step_init()

    async def async_step_not_credited(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Close the order: it was not credited."""
        await self.hass.data[DATA_ORDERS].async_close(self._number, credited=False)
        return await self.async_step_init()

    @property
    def _orders(self) -> list[Order]:
        """Return the account's open orders."""
        return self.hass.data[DATA_ORDERS].open_of(self._account_id)

    @property
    def _entry(self) -> JrhszConfigEntry | None:
        """Return the account, if it is still there."""
        return self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, self._account_id)

    async def _async_read(
        self, entry: JrhszConfigEntry, order: Order
    ) -> tuple[Decimal | None, Sequence[Payment]]:
        """Return the meter's balance and payments since shortly before the order, if they come."""
        balance: Decimal | None = None
        payments: Sequence[Payment] = []
        if entry.disabled_by is not None:
            return balance, payments
        orders, meter = (
            self.hass.data[DATA_ORDERS],
            AccountMeter(entry=entry, user_code=order.user_code),
        )
        with suppress(PlatformError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                look = await orders.async_look_up(meter, [order], Priority.USER)
                balance, payments = look.balance, look.payments
                if balance is None:
                    info = await client_of(self.hass, entry).get_meter(order.user_code, Turn())
                    balance = info.balance
                    orders.async_note_balance(meter, balance)
        return balance, payments


class DoubtedOrderFlow(OpenOrdersFlow):
    """Asks whether an order was credited, as the platform said."""

    _decisions: ClassVar = ["credited", "not_credited"]

    def __init__(self, account_id: str, number: str) -> None:
        """Be about one order."""
        super().__init__(account_id)
        self._number = number

    @override
    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask, unless it is settled."""
        order = self.hass.data[DATA_ORDERS].journal.orders.get(self._number)
        if order is not None and not order.doubted:
            return self.async_create_entry(data={})
        return await self.async_step_decide()


class JournalFlow(ConfirmRepairFlow):
    """Does what a person who has read about the journal's trouble confirms."""

    def __init__(self, issue_id: str) -> None:
        """Be about one kind of trouble."""
        super().__init__()
        self._trouble = issue_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin a new journal, try again, or go on without what may be missing."""
        if user_input is not None:
            journal = self.hass.data[DATA_ORDERS].journal
            remedies = {
                JOURNAL_DAMAGED: journal.async_accept_loss,
                JOURNAL_NOT_WRITTEN: journal.async_rewrite,
                JOURNAL_RESTORED: journal.async_confirm_gap,
                JOURNAL_UNREADABLE: journal.async_require,
            }
            try:
                await remedies[self._trouble]()
            except HomeAssistantError as err:
                return self.async_abort(reason=str(err.translation_key))
        return await super().async_step_confirm(user_input)


def _yuan(amount: Decimal | None) -> str:
    """Return an amount that needs no translation."""
    return _NOTHING if amount is None else yuan(amount)


def _just_this(order: Order) -> str:
    """Return when the balance rose by exactly an order's amount; no translation is needed."""
    rises = [
        f"{rise.at.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M} · "
        f"{yuan(rise.before)} → {yuan(rise.after)}"
        for rise in order.rises
        if rise.amount == order.amount
    ]
    return "; ".join(rises) or _NOTHING


def _listed(payments: Sequence[Payment]) -> str:
    """Return payments as lines that need no translation, newest first."""
    newest = sorted(
        (payment for payment in payments if payment.time is not None),
        key=lambda payment: payment.time or dt_util.utcnow(),
        reverse=True,
    )
    lines = [
        f"- {payment.time:%Y-%m-%d %H:%M:%S} · {_yuan(payment.amount)} · "
        f"{plain(payment.channel or _NOTHING)} · {plain(payment.order_number or _NOTHING)}"
        for payment in newest
    ]
    return "\n".join(lines) or _NOTHING
