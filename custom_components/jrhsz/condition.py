"""The conditions for automations: what holds of a meter's balance, its days left, its silence."""

from collections.abc import Mapping
from typing import ClassVar, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET, UnitOfTime
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
    EntityConditionBase,
    EntityNumericalConditionBase,
    EntityNumericalConditionWithUnitBase,
    EntityStateConditionBase,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.unit_conversion import DurationConverter
import voluptuous as vol

from .const import DOMAIN
from .targets import MEANT_BY, async_meters_in


class MeterConditionBase(EntityConditionBase):
    """A condition on the states of one entity of each meter that its target means.

    Which entity that is doesn't depend on the one by which a meter is meant.
    """

    _domain_specs: Mapping[str, DomainSpec] = {
        "binary_sensor": DomainSpec(),
        "sensor": DomainSpec(),
    }
    _platform: ClassVar[str] = "sensor"
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the entities that decide, instead of those by which meters are meant."""
        registry = er.async_get(self._hass)
        meters = async_meters_in(self._hass, self._target or {}, {*MEANT_BY, self._key})
        deciding = (
            registry.async_get_entity_id(
                self._platform, DOMAIN, f"{meter.device_identifier[1]}|{self._key}"
            )
            for meter in meters
        )
        return {entity_id for entity_id in deciding if entity_id is not None}

    @override
    def _check_all_match_state(self, states: list[State]) -> bool:
        """Tell whether it holds of all; of meters none of which is known nothing holds."""
        return bool(states) and super()._check_all_match_state(states)


class BalanceIsLowCondition(MeterConditionBase, EntityStateConditionBase):
    """Tests whether balances are low."""

    _platform = "binary_sensor"
    _key = "low_balance"
    _states: set[str | bool] = {"on"}  # noqa: RUF012  declared so by Home Assistant


class BalanceCondition(MeterConditionBase, EntityNumericalConditionBase):
    """Compares balances; those of meters of an unknown kind have no unit."""

    _key = "balance"

    @override
    def _is_valid_unit(self, unit: str | None) -> bool:
        """Take yuan, also from a helper whose unit nobody has set."""
        return unit in {"CNY", None}


class DaysLeftCondition(MeterConditionBase, EntityNumericalConditionWithUnitBase):
    """Compares for how long balances last, in whatever unit that is shown."""

    _key = "days_left"
    _base_unit = UnitOfTime.DAYS
    _unit_converter = DurationConverter


_SILENT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
        vol.Required(CONF_OPTIONS, default={}): {
            vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In([BEHAVIOR_ANY, BEHAVIOR_ALL])
        },
    }
)


class MeterIsSilentCondition(Condition):
    """Tests whether meters are silent, which no state of theirs tells."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options; how long a silence must last is an option of the account."""
        return cast(ConfigType, _SILENT_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take target and options."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._behavior: str = (config.options or {})[ATTR_BEHAVIOR]

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Tell whether one meter is silent, or all are."""
        meters = async_meters_in(self._hass, self._target)
        silent = [meter.is_silent for meter in meters if not meter.is_disabled]
        return bool(silent) and (all(silent) if self._behavior == BEHAVIOR_ALL else any(silent))


CONDITIONS: dict[str, type[Condition]] = {
    "balance_is_low": BalanceIsLowCondition,
    "balance_is_value": BalanceCondition,
    "days_left_is_value": DaysLeftCondition,
    "meter_is_silent": MeterIsSilentCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
