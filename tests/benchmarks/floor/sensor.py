"""Sensors of the floor."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import FloorConfigEntry, FloorCoordinator, FloorEntity, async_add

TIME = 2


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors."""
    await async_add(entry, async_add_entities, "sensor", FloorSensor)


class FloorSensor(FloorEntity, SensorEntity):
    """The reading, the balance, the time of reading; any further one is the reading again."""

    def __init__(self, coordinator: FloorCoordinator, number: int, enabled: bool) -> None:  # noqa: FBT001  parametrized
        """Choose the value."""
        super().__init__(coordinator, number, enabled=enabled)
        self._number = number
        match number:
            case 0:
                self._attr_device_class = SensorDeviceClass.ENERGY
                self._attr_native_unit_of_measurement = "kWh"
                self._attr_state_class = SensorStateClass.TOTAL_INCREASING
                self._attr_suggested_display_precision = 2
            case 1:
                self._attr_device_class = SensorDeviceClass.MONETARY
                self._attr_native_unit_of_measurement = "CNY"
                self._attr_state_class = SensorStateClass.TOTAL
                self._attr_suggested_display_precision = 2
            case 2:
                self._attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def native_value(self) -> float | datetime:
        """Return the value."""
        data = self.coordinator.data
        if self._number == TIME:
            return datetime.fromisoformat(f"{data['readTime']}+08:00")
        return float(data["balance" if self._number == 1 else "reading"])
