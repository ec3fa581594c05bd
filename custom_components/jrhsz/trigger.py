"""The triggers for automations: what became of a meter, and what came of recharges."""

from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

from .balance import BecameLow
from .coordinator import SIGNAL_BECAME_LOW, SIGNAL_BECAME_SILENT, MeterCoordinator
from .crossed_triggers import BalanceCrossedTrigger, DaysLeftCrossedTrigger
from .meter_trigger import MeterTrigger
from .news import BecameSilent
from .settled_trigger import RechargeSettledTrigger


class BalanceBecameLowTrigger(MeterTrigger[BecameLow]):
    """Trigger when the balance of a meter becomes low, once for each fall."""

    signal = SIGNAL_BECAME_LOW
    platform = Platform.BINARY_SENSOR
    key = "low_balance"

    @override
    def holds(self, meter: MeterCoordinator) -> bool:
        """Tell whether the balance is low."""
        return meter.balance.is_low

    @override
    def described(self, meter: MeterCoordinator, news: BecameLow) -> tuple[str, dict[str, Any]]:
        """Return the balances before and after in yuan, and how long it lasts."""
        left = meter.values.days_left
        return f"balance of {meter.shown_name} became low", {
            "balance_before": float(news.before),
            "balance": float(news.after),
            "threshold": float(meter.balance.threshold),
            "days_left": None if left is None else float(left),
        }


class MeterBecameSilentTrigger(MeterTrigger[BecameSilent]):
    """Trigger when a meter becomes silent, once until it is heard again."""

    signal = SIGNAL_BECAME_SILENT
    key = "reading"

    @override
    def holds(self, meter: MeterCoordinator) -> bool:
        """Tell whether the meter is silent."""
        return meter.news.is_silent is True

    @override
    def described(self, meter: MeterCoordinator, news: BecameSilent) -> tuple[str, dict[str, Any]]:
        """Return when the meter was read last."""
        return f"{meter.shown_name} became silent", {"last_reading": news.last_reading}


TRIGGERS: dict[str, type[Trigger]] = {
    "balance_became_low": BalanceBecameLowTrigger,
    "balance_crossed": BalanceCrossedTrigger,
    "days_left_crossed": DaysLeftCrossedTrigger,
    "meter_became_silent": MeterBecameSilentTrigger,
    "recharge_settled": RechargeSettledTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
