"""What the coordinators of an account share."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from homeassistant.core import callback

from .api import Client, Interface
from .clock import seconds_now
from .const import LOGGER
from .meter_state import MeterState
from .outage import OutageWatch
from .settings import ChosenMeter, Settings
from .store import AccountStore


@dataclass(slots=True)
class Account[Meter: MeterState]:
    """What the coordinators of an account share.

    `store` keeps what polls and payments told, `history_store` the history of its meters.
    `adders` add the devices of meters, and then their entities to a platform. `new` and `gone`
    are the meters that came to the platform and the codes of those that went, `renamed` those
    whose rooms have other names, as of the last look; what a person should decide about is told
    by `on_meters_change`. `on_known` is called when a meter became known, `on_balance` with the
    balance of each answer, `stop_import` ends the import of history. `device_id` is the
    account's own device.
    """

    client: Client
    settings: Settings
    store: AccountStore
    history_store: AccountStore
    device_id: str
    to_rebuild: int = 0
    rebuilt: int = 0
    coordinators: dict[str, Meter] = field(default_factory=dict)
    adders: list[Callable[[Sequence[Meter]], None]] = field(default_factory=list)
    outage: OutageWatch = field(kw_only=True)
    new: list[ChosenMeter] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    renamed: list[ChosenMeter] = field(default_factory=list)
    on_meters_change: Callable[[], None] = lambda: None
    on_update: Callable[[], None] = lambda: None
    on_known: Callable[[], None] = lambda: None
    on_balance: Callable[[str, Decimal | None], None] = lambda _code, _balance: None
    stop_import: Callable[[], Awaitable[None]] | None = None

    @property
    def polled(self) -> list[Meter]:
        """Return the meters whose devices aren't disabled."""
        return [meter for meter in self.coordinators.values() if not meter.is_disabled]

    @property
    def import_progress(self) -> float | None:
        """Return which part of the first import, or of a rebuild, is done; nothing if of none."""
        if self.to_rebuild:
            return self.rebuilt / self.to_rebuild
        if not self.settings.history_days or Interface.CONSUMPTION in self.client.session.denied:
            return None
        now = seconds_now()
        parts = [
            meter.history.progress(now)
            for meter in self.polled
            if meter.is_known and meter.data.kind
        ]
        return sum(parts) / len(parts) if parts else None

    @callback
    def async_introduce(self, coordinators: Sequence[Meter]) -> None:
        """Add the entities of meters that are known by now."""
        for coordinator in coordinators:
            coordinator.introduced = coordinator.data
            if coordinator.data.kind is None:
                LOGGER.warning(
                    "Meter %s has the unknown type %s: its values have no unit",
                    coordinator.user_code,
                    coordinator.data.meter_type,
                )
        for add in self.adders:
            add(coordinators)
