"""Polling one meter now."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import JrhszConfigEntry
from .entity import JrhszEntity, async_add_for_meters
from .exceptions import translation

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of an account."""
    refresh = ButtonEntityDescription(
        key="refresh",
        translation_key="refresh",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=entry.runtime_data.settings.is_small_account,
    )
    async_add_for_meters(entry, async_add_entities, lambda _: [refresh], RefreshButton)


class RefreshButton(JrhszEntity, ButtonEntity):
    """Polls just this meter, ahead of the queue."""

    @property
    @override
    def available(self) -> bool:
        """Return that a meter that failed can be tried again."""
        return True

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write nothing: no answer changes a button."""

    @override
    async def async_press(self) -> None:
        """Poll the meter and say so if that fails."""
        await self.coordinator.async_refresh_now()
        if err := self.coordinator.last_error:
            raise HomeAssistantError(**translation(err)) from err
