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
from homeassistant.const import EntityCategory, UnitOfRatio, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .api import MeterInfo, MeterKind
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .entity import JrhszEntity, async_add_for_meters
from .history.state import MeterHistory
from .history.values import Period, Value, What, days_left, energy_left, unit_price, value_of
from .kinds import KINDS, Kind
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
    # The logbook has a line for each state of a timestamp, and the reading tells its age.
    entity_registry_enabled_default=False,
    value_fn=lambda info: info.read_time,
)


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """A sensor of a meter's history."""

    value_fn: Callable[[MeterHistory, MeterInfo, datetime], Value | None]
    only_in_small_accounts: bool = False


def _value_of(
    span: Period, what: What
) -> Callable[[MeterHistory, MeterInfo, datetime], Value | None]:
    """Return what tells the use or cost of a span."""
    return lambda history, _, now: value_of(history, span, what, now)


def _history_sensors(kind: Kind) -> Iterator[HistorySensorDescription]:
    """Yield the sensors of the history of a kind of meter.

    Use and cost have no state class: they have statistics already, which are right by the hour.
    """
    for span in Period:
        yield HistorySensorDescription(
            key=f"{span}_use",
            translation_key=f"{span}_use",
            device_class=kind.device_class,
            native_unit_of_measurement=kind.unit,
            suggested_display_precision=2,
            only_in_small_accounts=True,
            value_fn=_value_of(span, What.USE),
        )
        yield HistorySensorDescription(
            key=f"{span}_cost",
            translation_key=f"{span}_cost",
            device_class=SensorDeviceClass.MONETARY,
            native_unit_of_measurement="CNY",
            suggested_display_precision=2,
            only_in_small_accounts=True,
            value_fn=_value_of(span, What.COST),
        )
    yield HistorySensorDescription(
        key="days_left",
        translation_key="days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda history, info, now: days_left(history, info.balance, now),
    )
    yield HistorySensorDescription(
        key="energy_left",
        translation_key="energy_left",
        device_class=kind.class_of_left,
        native_unit_of_measurement=kind.unit,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        only_in_small_accounts=True,
        value_fn=lambda history, info, now: energy_left(history, info.balance, now),
    )
    yield HistorySensorDescription(
        key="unit_price",
        translation_key="unit_price",
        native_unit_of_measurement=f"CNY/{kind.unit}",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        entity_registry_enabled_default=False,
        value_fn=lambda history, _, now: unit_price(history, now),
    )


def _sensors(
    kind: MeterKind | None,
) -> Iterator[MeterSensorDescription | HistorySensorDescription]:
    """Yield the sensors of a kind of meter; those of an unknown kind have no unit."""
    if kind is None:
        yield from (READING, BALANCE)
    else:
        yield replace(
            READING,
            device_class=KINDS[kind].device_class,
            native_unit_of_measurement=KINDS[kind].unit,
            state_class=SensorStateClass.TOTAL_INCREASING,
        )
        yield replace(
            BALANCE,
            device_class=SensorDeviceClass.MONETARY,
            native_unit_of_measurement="CNY",
            state_class=SensorStateClass.TOTAL,
        )
        yield from _history_sensors(KINDS[kind])
    yield LAST_READING


METER_SENSORS = {kind: tuple(_sensors(kind)) for kind in KINDS}


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
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
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
    async_add_for_meters(
        entry, async_add_entities, lambda meter: METER_SENSORS[meter.data.kind], _sensor_of
    )


def _sensor_of(
    coordinator: MeterCoordinator, description: MeterSensorDescription | HistorySensorDescription
) -> SensorEntity:
    """Return a sensor of a meter."""
    if isinstance(description, HistorySensorDescription):
        return HistorySensor(coordinator, description)
    kind = ReadingSensor if description.key == READING.key else MeterSensor
    return kind(coordinator, description)


class MeterSensor(JrhszEntity, SensorEntity):
    """A sensor that shows a value of the last answer."""

    entity_description: MeterSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator.data)


class ReadingSensor(MeterSensor):
    """The sensor of the reading: it goes on where another meter doesn't begin at 0."""

    _unrecorded_attributes = frozenset({"read_at", "register"})

    @property
    @override
    def native_value(self) -> float | None:
        """Return the reading as a total that goes on."""
        reading = self.coordinator.data.reading
        offset = self.coordinator.answers.readings.offset
        return None if reading is None else float(reading + offset)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float | str]:
        """Return when the meter was read, and what it reads where that is another number."""
        info = self.coordinator.data
        attributes: dict[str, float | str] = {}
        if info.read_time is not None:
            attributes["read_at"] = info.read_time.isoformat()
        if info.reading is not None and self.coordinator.answers.readings.offset:
            attributes["register"] = float(info.reading)
        return attributes


class HistorySensor(JrhszEntity, SensorEntity):
    """A sensor that shows what follows from a meter's history, and how well that is known."""

    _unrecorded_attributes = frozenset({"since", "estimated"})
    entity_description: HistorySensorDescription

    def __init__(
        self, coordinator: MeterCoordinator, description: HistorySensorDescription
    ) -> None:
        """Be enabled unless there are too many."""
        super().__init__(coordinator, description)
        if description.only_in_small_accounts:
            settings = coordinator.config_entry.runtime_data.settings
            self._attr_entity_registry_enabled_default = settings.is_small_account

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with what is known."""
        await super().async_added_to_hass()
        self._take_value()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what is known by now."""
        self._take_value()
        super()._handle_coordinator_update()

    @override
    async def async_update(self) -> None:
        """Show what is known after a poll, also if that brought nothing new."""
        await super().async_update()
        self._take_value()

    def _take_value(self) -> None:
        """Take the value, whether a part is estimated, and since when it is known if that is late.

        Once for each state: it is added up of many days.
        """
        meter = self.coordinator
        value = self.entity_description.value_fn(meter.history, meter.data, dt_util.utcnow())
        if value is None:
            self._attr_native_value, self._attr_extra_state_attributes = None, {}
            return
        self._attr_native_value = float(value.amount)
        since = {"since": value.since.isoformat()} if value.since else {}
        self._attr_extra_state_attributes = {"estimated": value.estimated, **since}


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
