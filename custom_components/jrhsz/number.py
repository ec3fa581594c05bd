"""The threshold of a low balance, for one meter."""

from decimal import Decimal
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import JrhszConfigEntry
from .entity import JrhszEntity, async_add_for_meters

PARALLEL_UPDATES = 0

THRESHOLD = NumberEntityDescription(
    key="low_balance_threshold",
    translation_key="low_balance_threshold",
    device_class=NumberDeviceClass.MONETARY,
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
    mode=NumberMode.BOX,
    native_min_value=0,
    native_max_value=10_000,
    native_step=0.01,
    native_unit_of_measurement="CNY",
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers of an account."""
    async_add_for_meters(entry, async_add_entities, lambda _: [THRESHOLD], ThresholdNumber)


class ThresholdNumber(JrhszEntity, NumberEntity):
    """Overrides the account's threshold; set to the account's own value it follows that again."""

    @property
    @override
    def available(self) -> bool:
        """Return that a setting doesn't depend on the platform."""
        return True

    @property
    @override
    def native_value(self) -> float:
        """Return the threshold that holds for this meter."""
        return float(self.coordinator.balance.threshold)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Use another threshold, kept before it is shown."""
        meter = self.coordinator
        meter.balance.set_threshold(Decimal(str(value)))
        await meter.config_entry.runtime_data.store.async_save()
        meter.async_update_listeners()
        meter.teller.async_tell()
