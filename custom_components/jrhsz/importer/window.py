"""What records and balances of a meter become: rows of its statistics."""

from dataclasses import dataclass
from typing import NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from ..api import Consumption
from ..coordinator import MeterCoordinator
from ..history.cost import Costs, costs_of
from ..history.state import MeterHistory, Window
from ..history.usage import Row, Stored, Usage, changed_rows, consumption_rows, hour_of, usage_of
from .recorder import (
    Statistic,
    async_has_recorder,
    async_metadata,
    async_write_rows,
    first_stored,
    last_stored,
    statistic_id,
    stored_rows,
)


class Outcome(NamedTuple):
    """What records and balances tell, and the rows that differ from those stored."""

    usage: Usage | None
    costs: Costs
    consumption_rows: list[Row]
    cost_rows: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The import of a window of records; `costs_at` is as of when the cost is settled too."""

    hass: HomeAssistant
    meter: MeterCoordinator
    history: MeterHistory
    window: Window
    records: list[Consumption] | None
    costs_at: int | None = None

    async def async_run(self) -> Outcome:
        """Compute in an executor what follows, and write the rows that differ.

        Raises NotWrittenError, or an error of the database.
        """
        if not async_has_recorder(self.hass):
            return await self.hass.async_add_executor_job(self._compute, False)
        outcome = await get_instance(self.hass).async_add_executor_job(self._compute, True)
        for statistic, rows in (
            (Statistic.CONSUMPTION, outcome.consumption_rows),
            (Statistic.COST, outcome.cost_rows),
        ):
            if rows:
                metadata = await async_metadata(self.hass, self.meter, statistic)
                await async_write_rows(self.hass, metadata, rows)
        return outcome

    def _compute(self, has_recorder: bool) -> Outcome:  # noqa: FBT001  an executor passes no names
        """Return what follows from the records."""
        window, history = self.window, self.history
        usage = usage_of(self.records or (), dt_util.utc_from_timestamp(window.end))
        consumption, cost = list[Row](), list[Row]()
        if usage is not None:
            old = Stored()
            if has_recorder:
                old = self._stored(Statistic.CONSUMPTION, hour_of(usage.begin))
            rows = consumption_rows(usage, old, window.end, goes_on=window.goes_on)
            consumption = changed_rows(rows, old)
        costs = Costs()
        if self.costs_at is not None:
            costs = costs_of(
                history.samples,
                history.payments,
                usage,
                since=history.paid_since,
                now=self.costs_at,
            )
        if costs.steps:
            old = self._stored(Statistic.COST, hour_of(costs.begin)) if has_recorder else Stored()
            cost = changed_rows(costs.rows(old, window.end), old)
        return Outcome(usage, costs, consumption, cost)

    def _stored(self, statistic: Statistic, start: int) -> Stored:
        """Return the rows of a statistic."""
        return stored_rows(self.hass, _id_of(self.meter, statistic), start)


async def async_end_of_stored(hass: HomeAssistant, meter: MeterCoordinator) -> int | None:
    """Return where the rows of a meter's consumption end, if it has any."""
    if not async_has_recorder(hass):
        return None
    return await get_instance(hass).async_add_executor_job(
        last_stored, hass, _id_of(meter, Statistic.CONSUMPTION)
    )


async def async_begin_of_stored(
    hass: HomeAssistant, meter: MeterCoordinator, begin: int, end: int
) -> int | None:
    """Return where the first row of a meter's consumption in a span ends, if it has any."""
    return await get_instance(hass).async_add_executor_job(
        first_stored, hass, _id_of(meter, Statistic.CONSUMPTION), begin, end
    )


def _id_of(meter: MeterCoordinator, statistic: Statistic) -> str:
    """Return the id of a meter's statistic."""
    return statistic_id(str(meter.config_entry.unique_id), meter.user_code, statistic)
