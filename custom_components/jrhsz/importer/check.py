"""Comparing what the database has with what was written: what is missing is to be read again."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Final

from homeassistant.core import HomeAssistant

from ..clock import seconds_now
from ..const import LOGGER
from ..coordinator import MeterCoordinator
from ..history.missing import Stored, is_cost_missing, is_credit_missing, missing_since
from ..history.plan import RENEWED
from ..history.readings import HOUR
from .recorder import Edges, Statistic, async_execute, edges_of, first_gap, statistic_id

# The recorder has other things to do.
_METERS_AT_ONCE: Final = 100
_NAMED: Final = 3


async def async_check_stored(
    hass: HomeAssistant, meters: Iterable[MeterCoordinator], without_cost: set[str]
) -> None:
    """Find the meters whose rows are missing, and say so once.

    `without_cost` are the codes of which was said already that their cost is lost.

    Raises RecorderError.
    """
    missing, lost = list[MeterCoordinator](), list[MeterCoordinator]()
    for batch in batched(meters, _METERS_AT_ONCE, strict=False):
        doubtful = await _async_missing(hass, batch)
        for meter in doubtful:
            # What is being written just now isn't missing.
            async with meter.history_lock:
                found = await _async_missing(hass, [meter])
                for since in found.values():
                    await _async_note(hass, meter, since)
            missing += found
        cost = await async_stored(hass, batch, Statistic.COST)
        lost += [m for m in batch if is_cost_missing(m.history, cost.get(m.user_code))]
    if missing:
        LOGGER.warning(
            "Statistics of %d meters (%s) are missing from the database; what the platform still "
            "has of use and payments is read again, cost can't be",
            len(missing),
            _names_of(missing),
        )
    if new := [m for m in lost if m not in missing and m.user_code not in without_cost]:
        LOGGER.warning(
            "Cost of %d meters (%s) is missing from the database; that of the last days is written "
            "again, older cost can't be",
            len(new),
            _names_of(new),
        )
    without_cost.clear()
    without_cost.update(meter.user_code for meter in lost)


def _names_of(meters: Sequence[MeterCoordinator]) -> str:
    """Return the first codes of some meters."""
    named = ", ".join(meter.user_code for meter in meters[:_NAMED])
    return f"{named}, …" if len(meters) > _NAMED else named


async def async_stored(
    hass: HomeAssistant, meters: Sequence[MeterCoordinator], statistic: Statistic
) -> dict[str, Stored]:
    """Return what is stored of a statistic of meters, by their codes."""
    names = {
        statistic_id(str(meter.config_entry.unique_id), meter.user_code, statistic): meter.user_code
        for meter in meters
    }
    # Use has a row for every hour; to count those of the others takes long and tells nothing.
    counted = names if statistic is Statistic.CONSUMPTION else ()
    edges = await async_execute(hass, edges_of, hass, list(names), 0, seconds_now(), counted)
    return {names[name]: found for name, edge in edges.items() if (found := _stored(edge))}


async def _async_missing(
    hass: HomeAssistant, meters: Sequence[MeterCoordinator]
) -> dict[MeterCoordinator, int | None]:
    """Return the meters that lack rows, with since when those of consumption are missing."""
    now = seconds_now()
    use = await async_stored(hass, meters, Statistic.CONSUMPTION)
    credited = await async_stored(hass, meters, Statistic.CREDITED)
    found = dict[MeterCoordinator, int | None]()
    for meter in meters:
        history, code = meter.history, meter.user_code
        since = missing_since(history, use.get(code), now)
        if since is not None or is_credit_missing(history, credited.get(code), now):
            found[meter] = since
    return found


async def _async_note(hass: HomeAssistant, meter: MeterCoordinator, since: int | None) -> None:
    """Note since when a meter lacks rows, so that they are read again."""
    if since is not None:
        name = statistic_id(
            str(meter.config_entry.unique_id), meter.user_code, Statistic.CONSUMPTION
        )
        since = await async_execute(hass, first_gap, hass, name, since)
    meter.history.note_missing(since, with_credits=since is None or since < seconds_now() - RENEWED)
    meter.save_history()


def _stored(edges: Edges) -> Stored | None:
    """Return what the edges of all time tell."""
    if edges.first is None or edges.last is None:
        return None
    return Stored(edges.first.end - HOUR, edges.last.end, edges.hours)
