"""Tests of an account's options and their defaults."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.settings import (
    ChosenMeter,
    Settings,
    chosen_meters,
    kept_meters,
    shown_settings,
)


def options(count: int, **values: Any) -> dict[str, Any]:
    """Return the options of an account with so many meters."""
    meters = [ChosenMeter(user_code=f"{n}", building="一栋", room=f"{n}") for n in range(count)]
    return {"meters": kept_meters(meters), **values}


def test_defaults() -> None:
    """Test what holds for an account whose options nobody has touched."""
    assert Settings.of({}) == Settings(
        scan_interval=timedelta(minutes=30),
        low_balance=Decimal(20),
        low_balance_water=Decimal(20),
        silent_after=timedelta(hours=48),
        history_days=365,
        max_recharge=Decimal(500),
        max_recharge_per_day=Decimal(1000),
        max_recharge_total_per_day=Decimal(2000),
        add_new_meters=False,
        is_small_account=True,
        is_vast_account=False,
    )


@pytest.mark.parametrize(("count", "is_small", "days"), [(20, True, 365), (21, False, 62)])
def test_size(count: int, days: int, *, is_small: bool) -> None:
    """Test that beyond 20 meters an account is large, and its history two months."""
    settings = Settings.of(options(count))
    assert (settings.is_small_account, settings.history_days) == (is_small, days)
    assert shown_settings(options(count))["history_days"] == days
    assert Settings.of(options(count, history_days=7)).history_days == 7


def test_money_is_as_it_was_typed() -> None:
    """Test that amounts are computed with as they were typed, zero included."""
    settings = Settings.of({"low_balance": 0.1, "max_recharge": 0, "max_recharge_per_day": 99.99})
    assert settings.low_balance == Decimal("0.1")
    assert settings.max_recharge == Decimal(0)
    assert settings.max_recharge_per_day == Decimal("99.99")


@pytest.mark.parametrize(("count", "is_vast"), [(1200, False), (1201, True)])
def test_vast_account(count: int, *, is_vast: bool) -> None:
    """Test that beyond 1,200 meters an account is vast."""
    assert Settings.of(options(count)).is_vast_account == is_vast


@pytest.mark.parametrize("building_code", ["", "gzfh-1"])
def test_meter_is_read_as_it_was_kept(building_code: str) -> None:
    """Test that a meter survives the entry, which names its building's code only if it has one."""
    meter = ChosenMeter(user_code="1", building="一栋", room="101", building_code=building_code)
    (option,) = kept_meters([meter])
    assert ("building_code" in option) == bool(building_code)
    assert chosen_meters({"meters": [option]}) == {"1": meter}


@pytest.mark.parametrize(
    ("building", "room", "name", "label"),
    [
        ("一栋", "101", "一栋 101", "一栋 · 101 · 7"),
        ("", "101", "101", "101 · 7"),
        ("", "7", "7", "7"),
    ],
)
def test_names(building: str, room: str, name: str, label: str) -> None:
    """Test that what is empty or the same is not said."""
    meter = ChosenMeter(user_code="7", building=building, room=room)
    assert (meter.device_name, meter.label) == (name, label)
