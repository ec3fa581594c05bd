"""What tests of the config and options flows share."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..simulator import Simulator

PASSWORD = "demo-password"


class Driver:
    """Drive one flow as the frontend does, and hold its last answer."""

    def __init__(self, hass: HomeAssistant, result: ConfigFlowResult, *, options: bool) -> None:
        """Take over a flow that was started."""
        self._hass = hass
        self._flows = hass.config_entries.options if options else hass.config_entries.flow
        self.result = result

    @classmethod
    async def add(cls, hass: HomeAssistant) -> Driver:
        """Begin to add an account."""
        result = await hass.config_entries.flow.async_init("jrhsz", context={"source": "user"})
        return cls(hass, result, options=False)

    @classmethod
    async def options(cls, hass: HomeAssistant, entry_id: str) -> Driver:
        """Begin to change the options of an entry."""
        return cls(hass, await hass.config_entries.options.async_init(entry_id), options=True)

    @property
    def step(self) -> str | None:
        """Return what is shown: the step, or how the flow ended, with a text of ours."""
        assert "translation_domain" not in self.result
        return self.result.get("step_id") or self.result.get("reason") or self.result["type"].value

    @property
    def error(self) -> str | None:
        """Return the error of the form."""
        return (self.result.get("errors") or {}).get("base")

    @property
    def menu(self) -> list[str]:
        """Return what the menu offers."""
        menu = self.result["menu_options"]
        assert isinstance(menu, list)
        return menu

    @property
    def fields(self) -> dict[Any, Any]:
        """Return the fields of the form."""
        schema = self.result["data_schema"]
        assert schema is not None
        fields: dict[Any, Any] = schema.schema
        return fields

    @property
    def shown(self) -> dict[str, str]:
        """Return the values for the texts."""
        return dict(self.result["description_placeholders"] or {})

    def default(self, field: str) -> Any:
        """Return what a field holds when nobody has touched it."""
        for key in self.fields:
            if key == field:
                suggested = (key.description or {}).get("suggested_value")
                return key.default() if suggested is None else suggested
        raise KeyError(field)

    def labels(self, field: str) -> dict[str, str]:
        """Return the options of a field: the labels by value."""
        selector = self.fields[field]
        return {option["value"]: option["label"] for option in selector.config["options"]}

    async def submit(self, **values: Any) -> Driver:
        """Submit a form and wait until no progress is shown."""
        flow_id = self.result["flow_id"]
        self.result = await self._flows.async_configure(flow_id, values)
        while self.result["type"].value == "progress":
            await self._hass.async_block_till_done()
            await self.look()
        return self

    async def choose(self, option: str) -> Driver:
        """Choose from a menu."""
        return await self.submit(next_step_id=option)

    async def look(self) -> Driver:
        """Ask for the current state, as the frontend does after each progress."""
        self.result = await self._flows.async_configure(self.result["flow_id"])
        return self

    async def sign_in(self, simulator: Simulator, **values: Any) -> Driver:
        """Submit the first form."""
        account = {"url": simulator.url, "username": "demo", "password": PASSWORD}
        return await self.submit(**{**account, "verify_ssl": True, **values})


LISTS = ["gzfh", "gzfh-1-d", "gzfh-1-s", "gzfh-3-d", "gzfh-3-s"]


def entry_of(flow: Driver) -> Any:
    """Return the entry that a flow has made."""
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    return flow.result["result"]


def codes_of(flow: Driver) -> list[str]:
    """Return the meters of the entry that a flow has made."""
    return [meter["user_code"] for meter in entry_of(flow).options["meters"]]


def asked(simulator: Simulator, interface: str, field: str) -> list[str | None]:
    """Return what was asked of an interface."""
    return [call.params.get(field) for call in simulator.calls_of(interface)]
