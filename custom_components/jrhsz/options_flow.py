"""Changing an account's meters and settings."""

from collections.abc import Mapping
import math
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from .api import Client
from .connection import client_of
from .meters.choosing_steps import ChoosingFlow
from .meters.listing import split_codes
from .settings import (
    CONF_ADD_NEW_METERS,
    CONF_HISTORY_DAYS,
    CONF_LOW_BALANCE,
    CONF_LOW_BALANCE_WATER,
    CONF_MAX_RECHARGE,
    CONF_MAX_RECHARGE_PER_DAY,
    CONF_MAX_RECHARGE_TOTAL_PER_DAY,
    CONF_SCAN_INTERVAL,
    CONF_SILENT_HOURS,
    shown_settings,
)


def _number(low: float, high: float, unit: str, step: float = 1) -> NumberSelector:
    """Return a field for a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=low,
            max=high,
            step=step,
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
            translation_key="unit",
        )
    )


_SETTINGS: Final = {
    CONF_SCAN_INTERVAL: _number(1, 1440, "minutes"),
    CONF_LOW_BALANCE: _number(0, 10_000, "yuan", 0.01),
    CONF_LOW_BALANCE_WATER: _number(0, 10_000, "yuan", 0.01),
    CONF_SILENT_HOURS: _number(1, 8760, "hours"),
    CONF_HISTORY_DAYS: _number(0, 3650, "days"),
    CONF_MAX_RECHARGE: _number(0, 100_000, "yuan", 0.01),
    CONF_MAX_RECHARGE_PER_DAY: _number(0, 100_000, "yuan", 0.01),
    CONF_MAX_RECHARGE_TOTAL_PER_DAY: _number(0, 1_000_000, "yuan", 0.01),
    CONF_ADD_NEW_METERS: BooleanSelector(),
}
_WHOLE_NUMBERS: Final = (CONF_SCAN_INTERVAL, CONF_SILENT_HOURS, CONF_HISTORY_DAYS)


class JrhszOptionsFlow(ChoosingFlow, OptionsFlowWithReload):
    """Changes the meters or the settings; each leaves the other as it is."""

    @override
    @property
    def _client(self) -> Client:
        """Return the account's client, whether or not it is loaded."""
        return client_of(self.hass, self.config_entry)

    @override
    @property
    def _old_options(self) -> Mapping[str, Any]:
        """Return the entry's options."""
        return self.config_entry.options

    async def async_step_init(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be changed."""
        return self.async_show_menu(step_id="init", menu_options=["meters", "settings"])

    async def async_step_meters(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user add and remove meters."""
        return await self.async_step_browse()

    async def async_step_remove_codes(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user type the codes of chosen meters that are to go."""
        text, errors, unknown = "", {}, list[str]()
        if user_input is not None:
            text = user_input["codes"]
            codes = split_codes(text)
            unknown = [code for code in codes if code not in self._chosen]
            rest = self._chosen.keys() - codes
            if codes and rest and not unknown:
                return self._async_take(rest)
            errors["base"] = "not_chosen" if unknown else "nothing_chosen"
        field = vol.Required("codes", description={"suggested_value": text})
        return self.async_show_form(
            step_id="remove_codes",
            data_schema=vol.Schema({field: TextSelector(TextSelectorConfig(multiline=True))}),
            errors=errors,
            description_placeholders={
                "codes": ", ".join(unknown),
                "count": str(len(self._chosen)),
            },
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user change the settings."""
        errors: dict[str, str] = {}
        if user_input is not None:
            # Home Assistant's own field takes "nan" for a number within its limits.
            errors = {k: "not_a_number" for k, v in user_input.items() if not math.isfinite(v)}
            if not errors:
                whole = {key: int(user_input[key]) for key in _WHOLE_NUMBERS}
                return self._async_finish({**user_input, **whole})
        current = shown_settings(self._old_options)
        fields = {
            vol.Required(key, default=current[key]): field for key, field in _SETTINGS.items()
        }
        return self.async_show_form(
            step_id="settings", data_schema=vol.Schema(fields), errors=errors
        )

    @override
    def _async_finish(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Change these options only."""
        return self.async_create_entry(data={**self.config_entry.options, **options})
