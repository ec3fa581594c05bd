"""What each kind of meter measures: its unit, device class, statistic and model."""

from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from .api import MeterKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What Home Assistant has to know about the readings of a kind of meter.

    What a balance lasts for has a device class of its own.
    """

    model: str
    device_class: SensorDeviceClass | None = None
    class_of_left: SensorDeviceClass | None = None
    unit: str | None = None
    unit_class: str | None = None


KINDS: Final[dict[MeterKind | None, Kind]] = {
    MeterKind.ELECTRICITY: Kind(
        model="Electricity meter",
        device_class=SensorDeviceClass.ENERGY,
        class_of_left=SensorDeviceClass.ENERGY_STORAGE,
        unit=UnitOfEnergy.KILO_WATT_HOUR,
        unit_class=EnergyConverter.UNIT_CLASS,
    ),
    MeterKind.WATER: Kind(
        model="Water meter",
        device_class=SensorDeviceClass.WATER,
        class_of_left=SensorDeviceClass.VOLUME_STORAGE,
        unit=UnitOfVolume.CUBIC_METERS,
        unit_class=VolumeConverter.UNIT_CLASS,
    ),
    None: Kind(model="Meter"),
}
