"""What an account's meters add up to."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import LOGGER
from .coordinator import JrhszConfigEntry

_INTERVAL: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTotals:
    """Sums over all meters, from their last known values.

    The total is `None` while a meter never had a balance, the arrears while none ever had one.
    """

    total_balance: Decimal | None
    arrears: Decimal | None
    low_balance_meters: int
    silent_meters: int
    history_import: int | None


class AccountCoordinator(DataUpdateCoordinator[AccountTotals]):
    """Adds up the meters of an account twice a minute; few meters also with every answer.

    Of a thousand meters one answers every two seconds: following each would cost more than the
    polls themselves.
    """

    config_entry: JrhszConfigEntry

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Add up what is known by now."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name="account",
            update_interval=_INTERVAL,
            always_update=False,
        )
        self._account = account = entry.runtime_data
        self.data = self._totals()
        # Without polling there is no timer either: then all follow from manual refreshes.
        if account.settings.is_small_account or entry.pref_disable_polling:
            account.on_update = self._async_add_up

    @callback
    def _async_add_up(self) -> None:
        """Add up anew, and tell it if that changes anything."""
        if (totals := self._totals()) != self.data:
            self.async_set_updated_data(totals)

    @override
    async def _async_update_data(self) -> AccountTotals:
        """Add up anew."""
        return self._totals()

    def _totals(self) -> AccountTotals:
        """Return the sums."""
        known: list[Decimal] = []
        low = silent = 0
        meters = self._account.polled
        for meter in meters:
            balance = meter.balance.last
            if balance is not None:
                known.append(balance)
                low += meter.balance.is_low
            silent += meter.is_silent
        imported = self._account.import_progress
        complete = len(known) == len(meters)
        return AccountTotals(
            total_balance=sum(known, Decimal(0)) if complete else None,
            arrears=sum((-x for x in known if x < 0), Decimal(0)) if known else None,
            low_balance_meters=low,
            silent_meters=silent,
            history_import=None if imported is None else int(imported * 100),
        )
