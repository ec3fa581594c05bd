"""What users would write instead: Home Assistant's own `rest` integration, three values a meter."""

import sys
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.setup import async_setup_component

DOMAIN = "rest"
USERNAME = "rest"
# What it imports for XML and for paths into JSON, neither of which is used here.
_UNUSED: dict[str, dict[str, Any]] = {
    "xmltodict": {"parse": None},
    "jsonpath": {
        "search": None,
        "jsonpath": None,
        "ExprSyntaxError": ValueError,
        "JSONPathTypeError": TypeError,
    },
}


async def async_set_up(hass: HomeAssistant, url: str, codes: list[str], token: str) -> None:
    """Set it up as YAML says."""
    for name, content in _UNUSED.items():
        module = sys.modules.setdefault(name, ModuleType(name))
        for key, value in content.items():
            module.__dict__.setdefault(key, value)
    config = {DOMAIN: [_resource(url, code, token) for code in codes]}
    assert await async_setup_component(hass, DOMAIN, config)
    await hass.async_block_till_done()


def coordinators(hass: HomeAssistant) -> list[DataUpdateCoordinator[Any]]:
    """Return what polls, one for each meter."""
    found: list[DataUpdateCoordinator[Any]] = hass.data[DOMAIN]["coordinator"]
    return found


def _resource(url: str, code: str, token: str) -> dict[str, Any]:
    """Return the YAML of a meter."""
    balance, reading = (
        f"{{{{ (value_json.data | from_json).{key} }}}}" for key in ("balance", "reading")
    )
    return {
        "resource": f"{url}/user/GetUserInfo",
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "payload": urlencode({"token": token, "admin_user_name": USERNAME, "user_code": code}),
        "scan_interval": 1800,
        "sensor": [
            {
                "name": f"{code} reading",
                "unique_id": f"{code}_reading",
                "value_template": reading,
                "device_class": "energy",
                "state_class": "total_increasing",
                "unit_of_measurement": "kWh",
            },
            {
                "name": f"{code} balance",
                "unique_id": f"{code}_balance",
                "value_template": balance,
                "device_class": "monetary",
                "state_class": "total",
                "unit_of_measurement": "CNY",
            },
        ],
        "binary_sensor": [
            {
                "name": f"{code} low balance",
                "unique_id": f"{code}_low",
                "value_template": balance.replace(" }}", " | float < 20 }}"),
                "device_class": "problem",
            }
        ],
    }
