"""The base of the triggers by what was read of a meter, among those that a target means."""

import abc
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast, override

from homeassistant.const import CONF_FOR, Platform
from homeassistant.core import CALLBACK_TYPE, Context, HassJob, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_EACH,
    BEHAVIOR_FIRST,
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.signal_type import SignalType
import voluptuous as vol

from .const import DOMAIN
from .coordinator import MeterCoordinator
from .targets import MEANT_BY, async_meters_in


class MeterTrigger[NewsT](Trigger):
    """Trigger by a kind of news of meters.

    It follows what was read, not what is shown: an outage, a restart or a disabled entity in
    between changes nothing. Which meters its target means is looked up with each news. With the
    behavior `first` only the first of them counts until it holds of none any more, with `all` the
    one by which it holds of all; with `for` it has to hold for so long.
    """

    schema: ClassVar[vol.Schema] = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR
    signal: SignalType[MeterCoordinator, NewsT]
    # The entity that shows what it is about.
    platform: ClassVar[Platform] = Platform.SENSOR
    key: ClassVar[str]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options as those of Home Assistant's own triggers."""
        return cast(ConfigType, cls.schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take target and options."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._target = config.target or {}
        self._behavior: str = self._options.get(ATTR_BEHAVIOR, BEHAVIOR_EACH)
        self._for: timedelta = self._options.get(CONF_FOR) or timedelta(0)
        self._waiting: dict[tuple[str, str], CALLBACK_TYPE] = {}

    def is_about(self, news: NewsT) -> bool:  # noqa: ARG002  for those that tell news apart
        """Tell whether the news is what the trigger waits for."""
        return True

    @abc.abstractmethod
    def holds(self, meter: MeterCoordinator) -> bool:
        """Tell whether what the news told holds of a meter now."""

    @abc.abstractmethod
    def described(self, meter: MeterCoordinator, news: NewsT) -> tuple[str, dict[str, Any]]:
        """Return what happened, for the logbook, and what templates learn of it."""

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Listen for news."""

        @callback
        def async_note(meter: MeterCoordinator, news: NewsT) -> None:
            """Run the action if the meter is meant, at once or later."""
            if not self.is_about(news):
                return
            meters = self._meters()
            if meter not in meters or not self._is_due(meter, meters):
                return
            if self._for:
                self._async_wait(run_action, meter, news)
            else:
                run = self._async_run(run_action, meter, news)
                self._hass.async_create_task(run, f"{DOMAIN} trigger")

        disconnect = async_dispatcher_connect(self._hass, self.signal, async_note)

        @callback
        def async_detach() -> None:
            """Listen no longer."""
            disconnect()
            for cancel in self._waiting.values():
                cancel()

        return async_detach

    async def _async_run(
        self, run_action: TriggerActionRunner, meter: MeterCoordinator, news: NewsT
    ) -> None:
        """Run the action, in a context of its own, as a change of a state would."""
        if not meter.news.is_saved:
            await meter.async_save_told()
        text, payload = self.described(meter, news)
        run_action({**self._subject(meter), **payload}, text, Context())

    @callback
    def _async_wait(
        self, run_action: TriggerActionRunner, meter: MeterCoordinator, news: NewsT
    ) -> None:
        """Run the action later; an older wait for this meter ends."""

        async def async_later(_: datetime) -> None:
            """Run the action if it holds still, of the meter as it is now."""
            del self._waiting[meter.device_identifier]
            for now in self._meters():
                if now.device_identifier == meter.device_identifier and self.holds(now):
                    await self._async_run(run_action, now, news)

        if (cancel := self._waiting.pop(meter.device_identifier, None)) is not None:
            cancel()
        self._waiting[meter.device_identifier] = async_call_later(
            self._hass, self._for, HassJob(async_later, cancel_on_shutdown=True)
        )

    def _meters(self) -> list[MeterCoordinator]:
        """Return the meters that the target means now."""
        return async_meters_in(self._hass, self._target, {*MEANT_BY, self.key})

    def _is_due(self, meter: MeterCoordinator, meters: Sequence[MeterCoordinator]) -> bool:
        """Tell whether the news of a meter counts among the others that are meant."""
        others = [other for other in meters if other is not meter and other.is_known]
        if self._behavior == BEHAVIOR_FIRST:
            return not any(self.holds(other) for other in others)
        if self._behavior == BEHAVIOR_ALL:
            return all(self.holds(other) for other in others)
        return True

    def _subject(self, meter: MeterCoordinator) -> dict[str, str | None]:
        """Return of which meter it is."""
        device = meter.device
        return {
            "entity_id": er.async_get(self._hass).async_get_entity_id(
                self.platform, DOMAIN, f"{meter.device_identifier[1]}|{self.key}"
            ),
            "device_id": device.id if device else None,
            "user_code": meter.user_code,
        }
