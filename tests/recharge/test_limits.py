"""Tests of what a recharge is refused for."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.jrhsz.recharge.limits import (
    refusal,
    refuse_above_limit,
    refuse_while_stopping,
)


def meter_with(**options: Any) -> Any:
    """Return a meter of an account with these options."""
    return SimpleNamespace(entry=SimpleNamespace(options=options))


@pytest.mark.parametrize("amount", ["0.01", "499.99", "500"])
def test_within_the_limit(amount: str) -> None:
    """Test that up to the limit nothing is refused, the limit included."""
    refuse_above_limit(meter_with(), Decimal(amount))


@pytest.mark.parametrize(
    ("limit", "amount", "key", "placeholders"),
    [
        (500, "500.01", "limit_per_order", {"limit": "500.00"}),
        (0.1, "0.11", "limit_per_order", {"limit": "0.10"}),
        (0, "0.01", "recharge_off", {}),
    ],
)
def test_above_the_limit(limit: float, amount: str, key: str, placeholders: dict[str, str]) -> None:
    """Test that what is a cent above the limit is refused, and with a limit of zero everything."""
    with pytest.raises(ServiceValidationError) as error:
        refuse_above_limit(meter_with(max_recharge=limit), Decimal(amount))
    assert error.value.translation_key == key
    assert error.value.translation_placeholders == placeholders


def test_stopping(hass: HomeAssistant) -> None:
    """Test that nothing is begun that couldn't be finished."""
    refuse_while_stopping(hass)
    hass.set_state(CoreState.stopping)
    with pytest.raises(ServiceValidationError) as error:
        refuse_while_stopping(hass)
    hass.set_state(CoreState.running)
    assert error.value.translation_key == "stopping"


def test_refusal() -> None:
    """Test that a refusal is a text of ours."""
    error = refusal(key="open_order", meter="一栋 101", order_number="HA1")
    assert (error.translation_domain, error.translation_key) == ("jrhsz", "open_order")
    assert error.translation_placeholders == {"meter": "一栋 101", "order_number": "HA1"}
