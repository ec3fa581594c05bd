"""Names and defaults that more than one module uses."""

import logging
from typing import Final

DOMAIN: Final = "jrhsz"
LOGGER: Final = logging.getLogger(__package__)

DEFAULT_URL: Final = "http://imrapi.jrhsz.com"

CONF_BUILDING: Final = "building"
CONF_KEPT: Final = "kept"
CONF_KNOWN: Final = "known"
CONF_METERS: Final = "meters"
CONF_PLACES: Final = "places"
CONF_ROOM: Final = "room"
CONF_USER_CODE: Final = "user_code"

CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_LOW_BALANCE: Final = "low_balance"
CONF_LOW_BALANCE_WATER: Final = "low_balance_water"
CONF_SILENT_HOURS: Final = "silent_hours"
CONF_HISTORY_DAYS: Final = "history_days"
CONF_MAX_RECHARGE: Final = "max_recharge"
CONF_MAX_RECHARGE_PER_DAY: Final = "max_recharge_per_day"
CONF_MAX_RECHARGE_TOTAL_PER_DAY: Final = "max_recharge_total_per_day"

DEFAULT_SCAN_INTERVAL: Final = 30
DEFAULT_LOW_BALANCE: Final = 20.0
DEFAULT_SILENT_HOURS: Final = 48
DEFAULT_MAX_RECHARGE: Final = 500.0
DEFAULT_MAX_RECHARGE_PER_DAY: Final = 1000.0
DEFAULT_MAX_RECHARGE_TOTAL_PER_DAY: Final = 2000.0
DEFAULT_HISTORY_DAYS: Final = 365
DEFAULT_HISTORY_DAYS_LARGE: Final = 30

SMALL_ACCOUNT: Final = 20
MAX_METERS: Final = 1200
