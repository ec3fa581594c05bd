"""An account's options, typed and with their defaults, and the meters that were chosen.

Nothing else knows the form in which the entry keeps them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Self

CONF_KEPT: Final = "kept"
CONF_KEPT_NAMES: Final = "kept_names"
CONF_KNOWN: Final = "known"
CONF_METERS: Final = "meters"
CONF_PLACES: Final = "places"

CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_LOW_BALANCE: Final = "low_balance"
CONF_LOW_BALANCE_WATER: Final = "low_balance_water"
CONF_SILENT_HOURS: Final = "silent_hours"
CONF_HISTORY_DAYS: Final = "history_days"
CONF_MAX_RECHARGE: Final = "max_recharge"
CONF_MAX_RECHARGE_PER_DAY: Final = "max_recharge_per_day"
CONF_MAX_RECHARGE_TOTAL_PER_DAY: Final = "max_recharge_total_per_day"
CONF_ADD_NEW_METERS: Final = "add_new_meters"

MAX_METERS: Final = 3000
_SMALL_ACCOUNT: Final = 20
_LARGE_ACCOUNT: Final = 1200
_HISTORY_DAYS_LARGE: Final = 62
_DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_SCAN_INTERVAL: 30,
    CONF_LOW_BALANCE: 20.0,
    CONF_LOW_BALANCE_WATER: 20.0,
    CONF_SILENT_HOURS: 48,
    CONF_HISTORY_DAYS: 365,
    CONF_MAX_RECHARGE: 500.0,
    CONF_MAX_RECHARGE_PER_DAY: 1000.0,
    CONF_MAX_RECHARGE_TOTAL_PER_DAY: 2000.0,
    CONF_ADD_NEW_METERS: False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMeter:
    """A meter that an account follows: its code, and what its device is named after.

    The code of its building only where another one has the same name.
    """

    user_code: str
    building: str
    room: str
    building_code: str = ""

    @classmethod
    def from_option(cls, option: Mapping[str, str]) -> Self:
        """Read what `as_option` gave."""
        return cls(
            user_code=option["user_code"],
            building=option["building"],
            room=option["room"],
            building_code=option.get("building_code", ""),
        )

    def as_option(self) -> dict[str, str]:
        """Return the meter as the entry keeps it."""
        option = asdict(self)
        if not self.building_code:
            del option["building_code"]
        return option

    @property
    def device_name(self) -> str:
        """Return the name of the meter's device."""
        return f"{self.building} {self.room}".strip()

    @property
    def label(self) -> str:
        """Return how the meter is shown in a list to choose from."""
        parts = (self.building, self.room, self.user_code)
        return " · ".join(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person has set for an account; amounts are in yuan.

    Of so many meters that Home Assistant can't take all their entities, an account is vast.
    """

    scan_interval: timedelta
    low_balance: Decimal
    low_balance_water: Decimal
    silent_after: timedelta
    history_days: int
    max_recharge: Decimal
    max_recharge_per_day: Decimal
    max_recharge_total_per_day: Decimal
    add_new_meters: bool
    is_small_account: bool
    is_vast_account: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry; what was never set has its default."""
        values = shown_settings(options)
        return cls(
            scan_interval=timedelta(minutes=values[CONF_SCAN_INTERVAL]),
            low_balance=_decimal(values[CONF_LOW_BALANCE]),
            low_balance_water=_decimal(values[CONF_LOW_BALANCE_WATER]),
            silent_after=timedelta(hours=values[CONF_SILENT_HOURS]),
            history_days=int(values[CONF_HISTORY_DAYS]),
            max_recharge=_decimal(values[CONF_MAX_RECHARGE]),
            max_recharge_per_day=_decimal(values[CONF_MAX_RECHARGE_PER_DAY]),
            max_recharge_total_per_day=_decimal(values[CONF_MAX_RECHARGE_TOTAL_PER_DAY]),
            add_new_meters=values[CONF_ADD_NEW_METERS] is True,
            is_small_account=_is_small(options),
            is_vast_account=len(options.get(CONF_METERS, [])) > _LARGE_ACCOUNT,
        )


def shown_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as a form shows and keeps them, by their names."""
    defaults = dict(_DEFAULTS)
    if not _is_small(options):
        # A month and the one before it, so that a month can be billed.
        defaults[CONF_HISTORY_DAYS] = _HISTORY_DAYS_LARGE
    return {name: options.get(name, default) for name, default in defaults.items()}


def chosen_meters(options: Mapping[str, Any]) -> dict[str, ChosenMeter]:
    """Return the meters that an account follows, by their codes."""
    meters = map(ChosenMeter.from_option, options.get(CONF_METERS, []))
    return {meter.user_code: meter for meter in meters}


def kept_meters(meters: Iterable[ChosenMeter]) -> list[dict[str, str]]:
    """Return meters as the entry keeps them."""
    return [meter.as_option() for meter in meters]


def _is_small(options: Mapping[str, Any]) -> bool:
    """Tell whether an account has so few meters that each may have everything."""
    return len(options.get(CONF_METERS, [])) <= _SMALL_ACCOUNT


def _decimal(value: float) -> Decimal:
    """Return a number of a form to compute with."""
    return Decimal(str(value))
