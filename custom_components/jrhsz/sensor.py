"""Sensors of meters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import MeterInfo, MeterKind
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .entity import JrhszEntity, async_add_for_meters
from .history_sensor import history_sensors
from .totals import AccountCoordinator, AccountTotals

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class JrhszSensorDescription(SensorEntityDescription):
    """A sensor of a meter; `kinds` are the kinds of meters that have it."""

    value_fn: Callable[[MeterInfo], float | datetime | None]
    kinds: tuple[MeterKind | None, ...] = (MeterKind.ELECTRICITY, MeterKind.WATER, None)


SENSORS: tuple[JrhszSensorDescription, ...] = (
    JrhszSensorDescription(
        key="reading",
        translation_key="reading",
        kinds=(MeterKind.ELECTRICITY,),
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        value_fn=lambda info: None if info.reading is None else float(info.reading),
    ),
    JrhszSensorDescription(
        key="reading",
        translation_key="reading",
        kinds=(MeterKind.WATER,),
        device_class=SensorDeviceClass.WATER,
        native_unit_of_measurement=UnitOfVolume.CUBIC_METERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        value_fn=lambda info: None if info.reading is None else float(info.reading),
    ),
    JrhszSensorDescription(
        key="reading",
        translation_key="reading",
        kinds=(None,),
        suggested_display_precision=2,
        value_fn=lambda info: None if info.reading is None else float(info.reading),
    ),
    JrhszSensorDescription(
        key="balance",
        translation_key="balance",
        kinds=(MeterKind.ELECTRICITY, MeterKind.WATER),
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="CNY",
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        value_fn=lambda info: None if info.balance is None else float(info.balance),
    ),
    JrhszSensorDescription(
        key="balance",
        translation_key="balance",
        kinds=(None,),
        suggested_display_precision=2,
        value_fn=lambda info: None if info.balance is None else float(info.balance),
    ),
    JrhszSensorDescription(
        key="last_reading",
        translation_key="last_reading",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda info: info.read_time,
    ),
)


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of an account."""

    value_fn: Callable[[AccountTotals], float | None]


ACCOUNT_SENSORS: tuple[AccountSensorDescription, ...] = (
    AccountSensorDescription(
        key="total_balance",
        translation_key="total_balance",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="CNY",
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        value_fn=lambda sums: None if sums.total_balance is None else float(sums.total_balance),
    ),
    AccountSensorDescription(
        key="arrears",
        translation_key="arrears",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="CNY",
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        value_fn=lambda sums: None if sums.arrears is None else float(sums.arrears),
    ),
    AccountSensorDescription(
        key="low_balance_meters",
        translation_key="low_balance_meters",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda sums: sums.low_balance_meters,
    ),
    AccountSensorDescription(
        key="silent_meters",
        translation_key="silent_meters",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda sums: sums.silent_meters,
    ),
    AccountSensorDescription(
        key="history_import",
        translation_key="history_import",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda sums: sums.history_import,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an account."""

    def sensors_of(coordinator: MeterCoordinator) -> Iterator[SensorEntity]:
        """Yield the sensors of a meter."""
        for description in SENSORS:
            if coordinator.data.kind in description.kinds:
                yield JrhszSensor(coordinator, description)
        yield from history_sensors(coordinator)

    account = AccountCoordinator(hass, entry)
    async_add_entities(AccountSensor(account, description) for description in ACCOUNT_SENSORS)
    async_add_for_meters(entry, async_add_entities, sensors_of)


class JrhszSensor(JrhszEntity, SensorEntity):
    """A sensor that shows a value of the last answer."""

    entity_description: JrhszSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator.data)


class AccountSensor(CoordinatorEntity[AccountCoordinator], SensorEntity):
    """A sensor of an account's service device."""

    _attr_has_entity_name = True
    entity_description: AccountSensorDescription

    def __init__(
        self, coordinator: AccountCoordinator, description: AccountSensorDescription
    ) -> None:
        """Belong to the account's device."""
        super().__init__(coordinator)
        self.entity_description = description
        account = str(coordinator.config_entry.unique_id)
        self._attr_unique_id = f"{account}|{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, account)})

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        return self.entity_description.value_fn(self.coordinator.data)
