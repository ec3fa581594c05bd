"""Following meters that came to the platform while their account is loaded."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..history.state import MeterHistory
from ..settings import CONF_METERS, MAX_METERS, ChosenMeter, Settings, chosen_meters, kept_meters
from .listing import with_unique_names


@callback
def async_follow_too(
    hass: HomeAssistant, entry: JrhszConfigEntry, meters: Iterable[ChosenMeter]
) -> bool:
    """Follow these meters too, from now on, unless all together would be too many.

    Nothing else of the account is disturbed, except where its size decides about more: then it is
    loaded anew.
    """
    chosen = chosen_meters(entry.options)
    new = [meter for meter in meters if meter.user_code not in chosen]
    if len(chosen) + len(new) > MAX_METERS:
        return False
    together = with_unique_names(chosen.values(), new)
    options = {**entry.options, CONF_METERS: kept_meters(together)}
    hass.config_entries.async_update_entry(entry, options=options)
    if entry.state is not ConfigEntryState.LOADED:
        return True
    account = entry.runtime_data
    if Settings.of(options) != account.settings:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return True
    for meter in together[len(chosen) :]:
        coordinator = MeterCoordinator(hass, entry, meter, None, MeterHistory())
        account.coordinators[meter.user_code] = coordinator
        coordinator.async_start()
    account.on_meters_change()
    account.on_update()
    account.store.async_schedule_save()
    return True
