"""The event of a meter: a payment has come in."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Payment
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .entity import JrhszEntity, async_add_for_meters
from .payments import PaymentWatch, SeenPayments
from .responses import payment_record

PARALLEL_UPDATES = 0

RECHARGED: Final = "recharged"
REVERSED: Final = "reversed"
DESCRIPTION = EventEntityDescription(
    key="recharge", translation_key="recharge", event_types=[RECHARGED, REVERSED]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event of every meter."""
    store = entry.runtime_data.store
    kept = store.data.get("payments")
    known: dict[str, Any] = kept if isinstance(kept, dict) else {}
    seen = {
        code: SeenPayments.from_dict(known.get(code)) for code in entry.runtime_data.coordinators
    }
    store.register("payments", lambda: {code: item.as_dict() for code, item in seen.items()})

    def event_of(
        coordinator: MeterCoordinator, description: EventEntityDescription
    ) -> RechargeEvent:
        """Return the event of a meter, also of one that came later."""
        known = seen.setdefault(coordinator.user_code, SeenPayments.from_dict(None))
        return RechargeEvent(coordinator, description, known)

    async_add_for_meters(entry, async_add_entities, lambda _: [DESCRIPTION], event_of)


class RechargeEvent(JrhszEntity, EventEntity):
    """Shows every new payment once, whoever made it."""

    def __init__(
        self,
        coordinator: MeterCoordinator,
        description: EventEntityDescription,
        seen: SeenPayments,
    ) -> None:
        """Go on from what was seen."""
        super().__init__(coordinator, description)
        self._was_available = True
        self._watch = PaymentWatch(
            coordinator, seen, tell=self._async_show, can_tell=lambda: self.available
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to watch."""
        self._was_available = self.available
        await super().async_added_to_hass()
        self._watch.async_start()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop watching."""
        await super().async_will_remove_from_hass()
        await self._watch.async_stop()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Let an answer be watched; it changes nothing else, unless it ends or begins an outage."""
        if self.available != self._was_available:
            self._was_available = self.available
            super()._handle_coordinator_update()
        self._watch.async_note_answer()

    @callback
    def _async_show(self, payment: Payment) -> None:
        """Show one payment."""
        amount = payment.amount
        self._trigger_event(
            REVERSED if amount is not None and amount <= 0 else RECHARGED,
            payment_record(payment),
        )
        self.async_write_ha_state()
