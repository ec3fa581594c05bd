"""Sensors of meters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .api import MeterInfo, MeterKind
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .entity import JrhszEntity, async_add_for_meters
from .history.state import MeterHistory
from .history.values import Period, Value, What, days_left, unit_price, value_of
from .kinds import KINDS
from .totals import AccountCoordinator, AccountTotals

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of a meter's last answer."""

    value_fn: Callable[[MeterInfo], float | datetime | None]


READING = MeterSensorDescription(
    key="reading",
    translation_key="reading",
    suggested_display_precision=2,
    value_fn=lambda info: None if info.reading is None else float(info.reading),
)
BALANCE = MeterSensorDescription(
    key="balance",
    translation_key="balance",
    suggested_display_precision=2,
    value_fn=lambda info: None if info.balance is None else float(info.balance),
)
LAST_READING = MeterSensorDescription(
    key="last_reading",
    translation_key="last_reading",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda info: info.read_time,
)


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """A sensor of a meter's history; `measures_use` if it has the unit of the meter's reading."""

    value_fn: Callable[[MeterHistory, MeterInfo, datetime], Value | None]
    measures_use: bool = False
    only_in_small_accounts: bool = False


HISTORY_SENSORS: tuple[HistorySensorDescription, ...] = (
    HistorySensorDescription(
        key="yesterday_use",
        translation_key="yesterday_use",
        suggested_display_precision=2,
        measures_use=True,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: value_of(history, Period.YESTERDAY, What.USE, now),
    ),
    HistorySensorDescription(
        key="month_use",
        translation_key="month_use",
        suggested_display_precision=2,
        measures_use=True,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: value_of(history, Period.MONTH, What.USE, now),
    ),
    HistorySensorDescription(
        key="month_cost",
        translation_key="month_cost",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="CNY",
        suggested_display_precision=2,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: value_of(history, Period.MONTH, What.COST, now),
    ),
    HistorySensorDescription(
        key="days_left",
        translation_key="days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda history, info, now: days_left(history, info.balance, now),
    ),
    HistorySensorDescription(
        key="unit_price",
        translation_key="unit_price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        entity_registry_enabled_default=False,
        value_fn=lambda history, _, now: unit_price(history, now),
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
    account = AccountCoordinator(hass, entry)
    async_add_entities(AccountSensor(account, description) for description in ACCOUNT_SENSORS)
    async_add_for_meters(entry, async_add_entities, _sensors_of)


def _sensors_of(coordinator: MeterCoordinator) -> Iterator[SensorEntity]:
    """Yield the sensors of a meter; those of one of unknown kind have no unit."""
    if (kind := coordinator.data.kind) is None:
        yield MeterSensor(coordinator, READING)
        yield MeterSensor(coordinator, BALANCE)
    else:
        reading = replace(
            READING,
            device_class=KINDS[kind].device_class,
            native_unit_of_measurement=KINDS[kind].unit,
            state_class=SensorStateClass.TOTAL_INCREASING,
        )
        balance = replace(
            BALANCE,
            device_class=SensorDeviceClass.MONETARY,
            native_unit_of_measurement="CNY",
            state_class=SensorStateClass.TOTAL,
        )
        yield MeterSensor(coordinator, reading)
        yield MeterSensor(coordinator, balance)
        for description in HISTORY_SENSORS:
            yield HistorySensor(coordinator, description, kind)
    yield MeterSensor(coordinator, LAST_READING)


class MeterSensor(JrhszEntity, SensorEntity):
    """A sensor that shows a value of the last answer."""

    entity_description: MeterSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator.data)


class HistorySensor(JrhszEntity, SensorEntity):
    """A sensor that shows what follows from a meter's history."""

    entity_description: HistorySensorDescription

    def __init__(
        self,
        coordinator: MeterCoordinator,
        description: HistorySensorDescription,
        kind: MeterKind,
    ) -> None:
        """Take the unit of the meter's kind."""
        super().__init__(coordinator, description)
        self._history = coordinator.history
        if description.measures_use:
            self._attr_device_class = KINDS[kind].device_class
            self._attr_native_unit_of_measurement = KINDS[kind].unit
        elif description.key == "unit_price":
            self._attr_native_unit_of_measurement = f"CNY/{KINDS[kind].unit}"
        if description.only_in_small_accounts:
            settings = coordinator.config_entry.runtime_data.settings
            self._attr_entity_registry_enabled_default = settings.is_small_account

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value."""
        info, now = self.coordinator.data, dt_util.utcnow()
        value = self.entity_description.value_fn(self._history, info, now)
        return None if value is None else float(value.amount)


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
