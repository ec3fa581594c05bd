"""What records and balances of a meter become: rows of its statistics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Self

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import Consumption
from ..coordinator import MeterCoordinator
from ..history.cost import Costs, costs_of, credited_rows
from ..history.judged import Judged, judged_before
from ..history.ledger import Ledger
from ..history.state import Listed, Window
from ..history.usage import (
    Row,
    Stored,
    Usage,
    changed_rows,
    consumption_rows,
    hour_of,
    next_hour,
    usage_of,
)
from .recorder import (
    Statistic,
    async_execute,
    async_has_recorder,
    async_metadata,
    async_write_rows,
    first_stored,
    last_stored,
    statistic_id,
    stored_rows,
)


class Computed(NamedTuple):
    """What records and balances tell, and the rows that differ from those stored."""

    usage: Usage | None
    costs: Costs
    consumption_rows: list[Row]
    cost_rows: list[Row]
    credited_rows: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The import of a window of records, and of the payments that are listed, if any.

    `costs_at` is as of when the cost is settled too.

    It has its own copy of what is known of balances, payments and readings: it computes in an
    executor, and the meter is polled meanwhile.
    """

    hass: HomeAssistant
    meter: MeterCoordinator
    window: Window
    records: tuple[Consumption, ...]
    ledger: Ledger
    judged: Mapping[str, Judged]
    listed: Listed | None
    costs_at: int | None

    @classmethod
    def of(
        cls,
        hass: HomeAssistant,
        meter: MeterCoordinator,
        window: Window,
        records: Iterable[Consumption] | None,
        *,
        listed: Listed | None,
        costs_at: int | None = None,
    ) -> Self:
        """Return the import of what is known of a meter now; without records, of money only."""
        return cls(
            hass=hass,
            meter=meter,
            window=window,
            records=tuple(records or ()),
            ledger=meter.history.snapshot(),
            judged=judged_before(meter.history.judged, window.begin),
            listed=listed,
            costs_at=costs_at,
        )

    async def async_run(self) -> Computed:
        """Compute in an executor what follows, and write the rows that differ.

        Raises RecorderError.
        """
        if async_has_recorder(self.hass):
            outcome = await async_execute(self.hass, self._compute, True)
            await self._async_write(outcome)
        else:
            outcome = await self.hass.async_add_executor_job(self._compute, False)
        # A window of the past ends before the payments of the last month begin.
        if self.listed is not None and self.listed.begins_before(self.window.end):
            self.meter.note_credited(self.listed, self.window.end)
        return outcome

    async def _async_write(self, outcome: Computed) -> None:
        """Write the rows that differ."""
        for statistic, rows in (
            (Statistic.CONSUMPTION, outcome.consumption_rows),
            (Statistic.COST, outcome.cost_rows),
            (Statistic.CREDITED, outcome.credited_rows),
        ):
            if rows:
                metadata = await async_metadata(self.hass, self.meter, statistic)
                await async_write_rows(self.hass, metadata, rows)

    def _compute(self, has_recorder: bool) -> Computed:  # noqa: FBT001  an executor passes no names
        """Return what follows from the records."""
        window = self.window
        end = dt_util.utc_from_timestamp(window.end)
        usage = usage_of(self.records, end, self.meter.data.kind, self.judged)
        consumption, cost = list[Row](), list[Row]()
        if usage is not None:
            old = Stored()
            if has_recorder:
                old = self._stored(Statistic.CONSUMPTION, hour_of(usage.begin))
            rows = consumption_rows(usage, old, window.end, goes_on=window.goes_on)
            consumption = changed_rows(rows, old)
        costs = Costs()
        if self.costs_at is not None:
            costs = costs_of(self.ledger, usage, now=self.costs_at)
        if costs.steps:
            old = self._stored(Statistic.COST, hour_of(costs.begin)) if has_recorder else Stored()
            cost = changed_rows(costs.rows(old, window.end), old)
        return Computed(usage, costs, consumption, cost, self._credited(has_recorder))

    def _credited(self, has_recorder: bool) -> list[Row]:  # noqa: FBT001  as above
        """Return the rows of the payments that were listed.

        The first row has no payment if there was none: nothing before it is known.
        """
        if self.listed is None or not has_recorder:
            return []
        begin, first, now = next_hour(self.listed.begin), self.listed.first_hour, self.window.end
        old = self._stored(Statistic.CREDITED, first)
        rows = credited_rows(self.listed.credits, old, begin=first, now=now)
        name = _id_of(self.meter, Statistic.CREDITED)
        is_before_all = all(begin < row.start for row in rows)
        if (
            self.listed.begins_before(now)
            and is_before_all
            and not first_stored(self.hass, name, 0, first)
        ):
            rows.insert(0, Row(begin, Decimal(0), Decimal(0)))
        return changed_rows(rows, old)

    def _stored(self, statistic: Statistic, start: int) -> Stored:
        """Return the rows of a statistic."""
        return stored_rows(self.hass, _id_of(self.meter, statistic), start)


async def async_end_of_stored(hass: HomeAssistant, meter: MeterCoordinator) -> int | None:
    """Return where the rows of a meter's consumption end, if it has any."""
    if not async_has_recorder(hass):
        return None
    return await async_execute(hass, last_stored, hass, _id_of(meter, Statistic.CONSUMPTION))


async def async_begin_of_stored(
    hass: HomeAssistant, meter: MeterCoordinator, begin: int, end: int
) -> int | None:
    """Return where the first row of a meter's consumption in a span ends, if it has any."""
    if not async_has_recorder(hass):
        return None
    return await async_execute(
        hass, first_stored, hass, _id_of(meter, Statistic.CONSUMPTION), begin, end
    )


def _id_of(meter: MeterCoordinator, statistic: Statistic) -> str:
    """Return the id of a meter's statistic."""
    return statistic_id(str(meter.config_entry.unique_id), meter.user_code, statistic)
