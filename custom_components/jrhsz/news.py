"""What automations are told of a meter: that it became silent, and how its values changed.

Each thing is told once, over outages, reloads and restarts: not before automations can hear it, and
not before it is saved that it was told.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback

from .api import number
from .arming import async_at_armed


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What can be compared with a threshold: a balance in yuan, and for how many days it lasts."""

    balance: Decimal | None = None
    days_left: Decimal | None = None

    def or_else(self, before: Self) -> Self:
        """Return these values, and what was known before of those that aren't known."""
        return type(self)(
            balance=before.balance if self.balance is None else self.balance,
            days_left=before.days_left if self.days_left is None else self.days_left,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """The values that were told last, and those that are known now."""

    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class BecameSilent:
    """A meter became silent, whose last reading is of this time."""

    last_reading: datetime | None


@dataclass(slots=True)
class MeterNews:
    """What was told of a meter, and what is to be told; `is_saved` if it is on the disk.

    The first that is known of a meter is no news.
    """

    told: Values = field(default_factory=Values)
    is_silent: bool | None = None
    has_untold_silence: bool = False
    is_saved: bool = True

    def note(self, *, is_silent: bool) -> None:
        """Note whether the meter is silent; what ended before it was told is no news."""
        self.has_untold_silence = is_silent and (self.has_untold_silence or self.is_silent is False)
        self.is_silent = is_silent

    def take_silence(self) -> bool:
        """Tell whether it is to be told that the meter became silent, which it is by that."""
        is_news, self.has_untold_silence = self.has_untold_silence, False
        return is_news

    def take_change(self, values: Values) -> Change | None:
        """Return how the values changed since they were told, which they are by that."""
        before, self.told = self.told, values.or_else(self.told)
        if self.told == before:
            return None
        self.is_saved = False
        return Change(before, self.told)

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        told = {"balance": self.told.balance, "days_left": self.told.days_left}
        return {
            "told": {key: None if value is None else f"{value:f}" for key, value in told.items()},
            "silent": self.is_silent,
            "untold_silence": self.has_untold_silence,
        }

    def restore(self, kept: Any, balance: Decimal | None) -> None:
        """Take over what `as_dict` gave; without that only the balance is known."""
        self.told = Values(balance=balance)
        if isinstance(kept, dict) and isinstance(told := kept.get("told"), dict):
            self.told = Values(
                balance=number(told.get("balance")), days_left=number(told.get("days_left"))
            )
            is_silent = kept.get("silent")
            self.is_silent = is_silent if isinstance(is_silent, bool) else None
            self.has_untold_silence = kept.get("untold_silence") is True


class Teller:
    """Tells what there is to tell of a meter as soon as automations can hear it."""

    __slots__ = ("_async_tell", "_cancel", "_entry", "_hass", "_name")

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        name: str,
        async_tell: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Prepare for a meter of this name."""
        self._hass = hass
        self._entry = entry
        self._name = name
        self._async_tell = async_tell
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_tell(self) -> None:
        """Tell it, after a start when automations are on."""
        if self._cancel is not None:
            return
        if self._hass.state is CoreState.running:
            # Not before the answer that it follows from is there to be saved.
            self._entry.async_create_background_task(
                self._hass, self._async_tell(), self._name, eager_start=False
            )
            return

        async def async_tell() -> None:
            """Tell it when automations are on."""
            self._cancel = None
            await self._async_tell()

        self._cancel = async_at_armed(self._hass, async_tell)

    @callback
    def async_stop(self) -> None:
        """Tell nothing any more; what wasn't told is kept."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
