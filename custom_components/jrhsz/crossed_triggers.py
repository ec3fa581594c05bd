"""The triggers for automations that a balance, or the days that it lasts, crossed a threshold."""

import abc
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.const import CONF_OPTIONS, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.automation import ThresholdConfig
from homeassistant.helpers.selector import (
    NumericThresholdMode,
    NumericThresholdSelector,
    NumericThresholdSelectorConfig,
    NumericThresholdType,
)
from homeassistant.helpers.trigger import ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR, TriggerConfig
from homeassistant.helpers.typing import UNDEFINED
from homeassistant.util.unit_conversion import DurationConverter
import voluptuous as vol

from .coordinator import SIGNAL_CHANGED, MeterCoordinator
from .meter_trigger import MeterTrigger
from .news import Change, Values

CONF_THRESHOLD: Final = "threshold"


def _schema(config: NumericThresholdSelectorConfig) -> vol.Schema:
    """Return what Home Assistant's own triggers of a kind of threshold take."""
    threshold = {vol.Required(CONF_THRESHOLD): NumericThresholdSelector(config)}
    return ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend({vol.Required(CONF_OPTIONS): threshold})


class CrossedTrigger(MeterTrigger[Change]):
    """Trigger when a value comes from outside of a range to within it.

    A value that isn't known changes nothing: the one before it counts until there is another.
    """

    signal = SIGNAL_CHANGED

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take the range."""
        super().__init__(hass, config)
        threshold: dict[str, Any] = self._options[CONF_THRESHOLD]
        self._type: str = threshold["type"]
        self._value, self._low, self._high = (
            ThresholdConfig.from_config(threshold.get(key))
            for key in ("value", "value_min", "value_max")
        )

    @abc.abstractmethod
    def converted(self, number: float, unit: Any) -> float | None:
        """Return a threshold of a unit in that of the value, if that can be."""

    @staticmethod
    @abc.abstractmethod
    def value_of(values: Values) -> Decimal | None:
        """Return the value that it is about."""

    @override
    def is_about(self, news: Change) -> bool:
        """Tell whether the value came to be within the range."""
        before, after = self.value_of(news.before), self.value_of(news.after)
        return before is not None and not self._is_within(before) and self._is_within(after)

    @override
    def holds(self, meter: MeterCoordinator) -> bool:
        """Tell whether the value is within the range."""
        return self._is_within(self.value_of(meter.news.told))

    @override
    def described(self, meter: MeterCoordinator, news: Change) -> tuple[str, dict[str, Any]]:
        """Return the values before and after."""
        before, after = self.value_of(news.before), self.value_of(news.after)
        return f"{self.key.replace('_', ' ')} of {meter.shown_name} crossed a threshold", {
            f"{self.key}_before": None if before is None else float(before),
            self.key: None if after is None else float(after),
        }

    def _is_within(self, value: Decimal | None) -> bool:
        """Tell whether a value is within the range; none is where the range isn't known."""
        if value is None:
            return False
        # Not as a Decimal: comparing that with a state that is "nan" raises.
        number = float(value)
        limit, low, high = map(self._limit, (self._value, self._low, self._high))
        if self._type == NumericThresholdType.ABOVE:
            return limit is not None and number > limit
        if self._type == NumericThresholdType.BELOW:
            return limit is not None and number < limit
        if low is None or high is None:
            return False
        return (low <= number <= high) is (self._type == NumericThresholdType.BETWEEN)

    def _limit(self, threshold: ThresholdConfig | None) -> float | None:
        """Return a threshold that is given as a number, or as the state of an entity."""
        if threshold is None:
            return None
        if threshold.number is not None:
            return self.converted(threshold.number, threshold.unit)
        if (state := self._hass.states.get(threshold.entity or "")) is None:
            return None
        try:
            number = float(state.state)
        except ValueError:
            return None
        return self.converted(number, state.attributes.get("unit_of_measurement"))


class BalanceCrossedTrigger(CrossedTrigger):
    """Trigger when a balance crosses a threshold in yuan."""

    schema = _schema(NumericThresholdSelectorConfig(mode=NumericThresholdMode.CROSSED))
    key = "balance"

    @override
    def converted(self, number: float, unit: Any) -> float | None:
        """Return a number of yuan, also one from a helper whose unit nobody has set."""
        return number if unit in {"CNY", None, UNDEFINED} else None

    @staticmethod
    @override
    def value_of(values: Values) -> Decimal | None:
        """Return the balance."""
        return values.balance


class DaysLeftCrossedTrigger(CrossedTrigger):
    """Trigger when the days that a balance lasts cross a threshold in any unit of time."""

    schema = _schema(
        NumericThresholdSelectorConfig(
            mode=NumericThresholdMode.CROSSED,
            unit_of_measurement=list(DurationConverter.VALID_UNITS),
        )
    )
    key = "days_left"

    @override
    def converted(self, number: float, unit: Any) -> float | None:
        """Return a number of days."""
        try:
            return DurationConverter.convert(number, unit, UnitOfTime.DAYS)
        except HomeAssistantError:
            return None

    @staticmethod
    @override
    def value_of(values: Values) -> Decimal | None:
        """Return the days."""
        return values.days_left
