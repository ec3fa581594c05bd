"""Tests of what each kind of meter measures."""

from homeassistant.components.sensor.const import DEVICE_CLASS_UNITS
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.kinds import KINDS


def test_every_kind() -> None:
    """Test that every kind is there, and one for meters of which the kind isn't known."""
    assert set(KINDS) == {*MeterKind, None}
    assert [KINDS[kind].unit for kind in (MeterKind.ELECTRICITY, MeterKind.WATER)] == ["kWh", "m³"]
    unknown = KINDS[None]
    assert (unknown.device_class, unknown.unit, unknown.unit_class) == (None, None, None)
    assert len({kind.model for kind in KINDS.values()}) == len(KINDS)


def test_units_fit() -> None:
    """Test that Home Assistant takes the unit of a kind for its sensors and its statistics."""
    converters = {
        converter.UNIT_CLASS: converter for converter in (EnergyConverter, VolumeConverter)
    }
    for kind in MeterKind:
        known = KINDS[kind]
        assert known.device_class is not None
        assert known.unit in DEVICE_CLASS_UNITS[known.device_class]
        assert known.class_of_left is not None
        assert known.unit in DEVICE_CLASS_UNITS[known.class_of_left]
        assert known.unit in converters[str(known.unit_class)].VALID_UNITS
