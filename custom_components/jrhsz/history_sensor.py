"""Sensors of what a meter used and what that cost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy, UnitOfTime, UnitOfVolume
from homeassistant.util import dt as dt_util

from .api import MeterInfo, MeterKind
from .const import SMALL_ACCOUNT
from .coordinator import MeterCoordinator
from .entity import JrhszEntity
from .history.state import MeterHistory

_UNITS: Final[dict[MeterKind, tuple[SensorDeviceClass, str]]] = {
    MeterKind.ELECTRICITY: (SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR),
    MeterKind.WATER: (SensorDeviceClass.WATER, UnitOfVolume.CUBIC_METERS),
}


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """A sensor of a meter's history; `measures_use` if it has the unit of the meter's reading."""

    value_fn: Callable[[MeterHistory, MeterInfo, datetime], Decimal | None]
    measures_use: bool = False
    only_in_small_accounts: bool = False


HISTORY_SENSORS: Final = (
    HistorySensorDescription(
        key="yesterday_use",
        translation_key="yesterday_use",
        suggested_display_precision=2,
        measures_use=True,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: history.yesterday_use(now),
    ),
    HistorySensorDescription(
        key="month_use",
        translation_key="month_use",
        suggested_display_precision=2,
        measures_use=True,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: history.month_use(now),
    ),
    HistorySensorDescription(
        key="month_cost",
        translation_key="month_cost",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="CNY",
        suggested_display_precision=2,
        only_in_small_accounts=True,
        value_fn=lambda history, _, now: history.month_cost(now),
    ),
    HistorySensorDescription(
        key="days_left",
        translation_key="days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda history, info, now: history.days_left(info.balance, now),
    ),
    HistorySensorDescription(
        key="unit_price",
        translation_key="unit_price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        entity_registry_enabled_default=False,
        value_fn=lambda history, _, now: history.unit_price(now),
    ),
)


def history_sensors(coordinator: MeterCoordinator) -> Iterator[HistorySensor]:
    """Yield the sensors of a meter's history; a meter of unknown kind has none."""
    if coordinator.data.kind is not None:
        for description in HISTORY_SENSORS:
            yield HistorySensor(coordinator, description, coordinator.data.kind)


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
        account = coordinator.config_entry.runtime_data
        self._history = account.history.meters[coordinator.user_code]
        device_class, unit = _UNITS[kind]
        if description.measures_use:
            self._attr_device_class = device_class
            self._attr_native_unit_of_measurement = unit
        elif description.key == "unit_price":
            self._attr_native_unit_of_measurement = f"CNY/{unit}"
        if description.only_in_small_accounts:
            is_small = len(account.coordinators) <= SMALL_ACCOUNT
            self._attr_entity_registry_enabled_default = is_small

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value."""
        info, now = self.coordinator.data, dt_util.utcnow()
        value = self.entity_description.value_fn(self._history, info, now)
        return None if value is None else float(value)
