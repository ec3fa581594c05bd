"""What language models may ask about meters that are exposed to them; they can change nothing."""

import abc
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    llm,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .history.values import Period, Value, What, value_of
from .kinds import KINDS
from .overview.names import numbered
from .settings import ChosenMeter, chosen_meters

_MOST: Final = 50
_PROMPT: Final = (
    "Prepaid electricity and water meters (电表, 水表; 电费, 水费, 余额): the jrhsz tools tell "
    "balances in yuan, use and cost. They can't recharge (充值): people do that in Home Assistant "
    "themselves. A value that is null is not known."
)


class MeterTool(llm.Tool, abc.ABC):
    """A tool that reads what is known of the meters, without asking the platform."""

    integration = DOMAIN
    # Home Assistant 2026.8 has no class for these two.
    annotations: Any = getattr(llm, "ToolAnnotations", dict)(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> Any:
        """Return what was asked for, of the meters that are exposed to the assistant now."""
        arguments = self.parameters(tool_input.tool_args)
        found = self.told_of(_exposed(hass, llm_context.assistant), **arguments)
        result = getattr(llm, "ToolResult", None)
        return found if result is None else result(data=found, error="error" in found)

    @abc.abstractmethod
    def told_of(self, meters: Iterable[Exposed], **arguments: Any) -> dict[str, Any]:
        """Return what the tool tells of some meters."""


class RoomTool(MeterTool):
    """Tells of the meters of a room."""

    name = "jrhsz__get_room"
    title = "Get the meters of a room"
    description = (
        "Get balance in yuan, days left, and use and cost of today, yesterday, this month, last "
        "month and this year, of the prepaid electricity and water meters of a room. Use it for "
        "questions like 'How much is left on the meter of 101?' or '101还剩多少电费？'."
    )
    parameters = vol.Schema(
        {
            vol.Required("room", description="Name of a room, a meter or an area"): vol.All(
                str, vol.Length(min=1)
            )
        }
    )

    @override
    def told_of(self, meters: Iterable[Exposed], **arguments: Any) -> dict[str, Any]:
        """Return all that is known of the room's meters: those of that name, or those with it."""
        meters, wanted = list(meters), _plain(arguments["room"])
        found = [meter for meter in meters if wanted in map(_plain, meter.names)]
        if not found:
            found = [meter for meter in meters if wanted and wanted in _plain(meter.name)]
        if not found:
            names = [meter.name for meter in meters[:_MOST]]
            return {"error": "No exposed meter has this name", "names": names}
        told = [meter.brief() | meter.sums() for meter in found[:_MOST]]
        return {"meters": told, "left_out": len(found) - len(told)}


class LowBalancesTool(MeterTool):
    """Tells which meters are low."""

    name = "jrhsz__get_low_balances"
    title = "Get meters whose balance is low"
    description = (
        "Get the prepaid electricity and water meters whose balance is low, lowest first. Use it "
        "for questions like 'Which rooms need a recharge?' or '哪些房间快没电费了？'."
    )

    @override
    def told_of(self, meters: Iterable[Exposed], **arguments: Any) -> dict[str, Any]:
        """Return balance and days left of those that are low."""
        meters = list(meters)
        low = [meter.brief() for meter in meters if meter.coordinator.balance.is_low]
        low.sort(key=lambda row: row["balance"])
        return {
            "meters": low[:_MOST],
            "left_out": len(low[_MOST:]),
            "low": len(low),
            "not_low": len(meters) - len(low),
        }


class Exposed:
    """A meter that is exposed to an assistant, and what it is called."""

    def __init__(
        self, coordinator: MeterCoordinator, chosen: ChosenMeter, name: str, names: list[str]
    ) -> None:
        """Take the names that people have given it as well."""
        self.coordinator = coordinator
        self.name = name
        without_kind = chosen.building.removesuffix("电").removesuffix("水")
        places = [f"{building}{chosen.room}" for building in (chosen.building, without_kind, "")]
        self.names = [name, *names, *places]

    def brief(self) -> dict[str, Any]:
        """Return the balance and how long it lasts."""
        meter = self.coordinator
        info, values = meter.data, meter.values
        read = info.read_time
        return {
            "name": self.name,
            "kind": info.kind,
            "balance": _number(values.balance),
            "is_low": meter.balance.is_low if values.balance is not None else None,
            "days_left": _number(values.days_left),
            "reading": _number(info.reading),
            "unit": KINDS[info.kind].unit,
            "read_at": dt_util.as_local(read).isoformat() if read else None,
            "is_silent": meter.is_silent,
        }

    def sums(self) -> dict[str, Any]:
        """Return use and cost by the names of their spans."""
        history, now = self.coordinator.history, dt_util.utcnow()
        return {
            what.value: {span.value: _amount(value_of(history, span, what, now)) for span in Period}
            for what in What
        }


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: llm.LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools for an assistant to which a meter is exposed."""
    if api_id != llm.LLM_API_ASSIST or not any(_exposed(hass, llm_context.assistant)):
        return None
    return LLMTools(tools=[RoomTool(), LowBalancesTool()], prompt=_PROMPT)


def _exposed(hass: HomeAssistant, assistant: str) -> Iterator[Exposed]:
    """Yield the known meters whose balance is exposed to an assistant."""
    registry, devices, areas = er.async_get(hass), dr.async_get(hass), ar.async_get(hass)
    entry: JrhszConfigEntry
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        chosen = chosen_meters(entry.options)
        for code, meter in entry.runtime_data.coordinators.items():
            identifier = f"{meter.device_identifier[1]}|balance"
            entity_id = registry.async_get_entity_id("sensor", DOMAIN, identifier)
            entity = registry.async_get(entity_id) if entity_id else None
            if entity is None or entity.disabled or not meter.is_known or meter.is_disabled:
                continue
            if not async_should_expose(hass, assistant, entity.entity_id):
                continue
            device = devices.async_get(entity.device_id) if entity.device_id else None
            name = (device and (device.name_by_user or device.name)) or meter.device_name
            area = areas.async_get_area(entity.area_id or (device and device.area_id) or "")
            aliases = [alias for alias in entity.aliases if isinstance(alias, str)]
            known_as = [*aliases, *([area.name, *area.aliases] if area else [])]
            yield Exposed(meter, chosen[code], name, known_as)


def _plain(name: str) -> str:
    """Return a name as it is compared: spoken numbers in digits, without spaces and marks."""
    return "".join(part for part in numbered(name).casefold() if part.isalnum())


def _number(value: Decimal | None) -> float | None:
    """Return a number for a model: it reads no more than two decimals anyway."""
    return None if value is None else round(float(value), 2)


def _amount(value: Value | None) -> float | None:
    """Return the amount of a sum."""
    return _number(value.amount) if value else None
