"""The recorder's side of history: ids and names of statistics, reading and writing of rows."""

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from enum import StrEnum
import hashlib
from itertools import batched
from typing import Any, Final, NamedTuple

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import (
    DATA_INSTANCE,
    async_migration_in_progress,
    get_instance,
    session_scope,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..const import DOMAIN
from ..coordinator import MeterCoordinator
from ..history.readings import HOUR
from ..history.usage import Row, Stored, exact
from ..kinds import KINDS

_MAX_SLUG: Final = 100
_HASH_DIGITS: Final = 10
# Home Assistant checks rows in the event loop: so many take a few milliseconds.
_ROWS_AT_ONCE: Final = 2_000
# Databases take so many parameters in one question, and some plan badly with more.
_IDS_AT_ONCE: Final = 900


class Statistic(StrEnum):
    """What a statistic counts."""

    CONSUMPTION = "consumption"
    COST = "cost"
    CREDITED = "credited"


class Point(NamedTuple):
    """A row of a statistic: the end of its hour, and what there was by then."""

    end: int
    state: Decimal | None
    sum: Decimal | None


class Edges(NamedTuple):
    """The last row before a span, the first and the last one within it, and how many are in it.

    They may have been left uncounted.
    """

    before: Point | None = None
    first: Point | None = None
    last: Point | None = None
    hours: int = 0


class RecorderError(Exception):
    """The recorder didn't read or write what it was asked to."""


@callback
def async_has_recorder(hass: HomeAssistant) -> bool:
    """Tell whether statistics can be kept: by a recorder that could open its database."""
    recorder = hass.data.get(DATA_INSTANCE)
    return recorder is not None and recorder.is_alive()


@callback
def async_is_migrating(hass: HomeAssistant) -> bool:
    """Tell whether the recorder's database is being changed, so that it has to wait."""
    return async_has_recorder(hass) and async_migration_in_progress(hass)


async def async_execute[ResultT](
    hass: HomeAssistant, function: Callable[..., ResultT], *args: object
) -> ResultT:
    """Run a function that reads the database in the recorder's executor.

    Raises RecorderError if the database can't be read.
    """
    try:
        return await get_instance(hass).async_add_executor_job(function, *args)
    except SQLAlchemyError as err:
        msg = "The database can't be read"
        raise RecorderError(msg) from err


def statistic_id(account: str, user_code: str, statistic: Statistic) -> str:
    """Return the id of a meter's statistic, for the unique id of its account.

    The part that can be read may be the same for different codes, so a hash follows it.
    """
    slug = slugify(user_code)[:_MAX_SLUG].strip("_")
    digest = hashlib.sha256(f"{account}\0{user_code}".encode()).hexdigest()[:_HASH_DIGITS]
    return f"{DOMAIN}:{slug}_{digest}_{statistic}"


async def async_metadata(
    hass: HomeAssistant, meter: MeterCoordinator, statistic: Statistic
) -> StatisticMetaData:
    """Return what describes a statistic of a meter whose kind is known."""
    kind = KINDS[meter.data.kind]
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    counts_money = statistic is not Statistic.CONSUMPTION
    key = str(statistic if counts_money else meter.data.kind)
    text = texts[f"component.{DOMAIN}.selector.statistic.options.{key}"]
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=text.format(meter=meter.statistic_name),
        source=DOMAIN,
        statistic_id=statistic_id(str(meter.config_entry.unique_id), meter.user_code, statistic),
        unit_class=None if counts_money else kind.unit_class,
        unit_of_measurement="CNY" if counts_money else kind.unit,
    )


async def async_rename(hass: HomeAssistant, meter: MeterCoordinator) -> None:
    """Give the statistics of a meter the name that its device has now.

    Raises RecorderError.
    """
    wanted = [await async_metadata(hass, meter, statistic) for statistic in Statistic]
    ids = {metadata["statistic_id"] for metadata in wanted}
    known = await async_execute(hass, lambda: get_metadata(hass, statistic_ids=ids))
    for metadata in wanted:
        _, found = known.get(metadata["statistic_id"], (0, metadata))
        if found["name"] != metadata["name"]:
            async_add_external_statistics(hass, metadata, [])
    await _async_written(hass)


def stored_rows(hass: HomeAssistant, statistic_id: str, start: int) -> Stored:
    """Return what a statistic has from an hour on; to be called in the recorder's executor."""
    rows = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(start),
        None,
        {statistic_id},
        "hour",
        None,
        {"state", "sum", "change"},
    ).get(statistic_id, [])
    before = next(
        (
            row["sum"] - row["change"]
            for row in rows
            if row["sum"] is not None and row["change"] is not None
        ),
        None,
    )
    if before is None:
        last = get_last_statistics(hass, 1, statistic_id, False, {"sum"}).get(statistic_id)
        before = last[0]["sum"] if last and last[0]["start"] < start else None
    return Stored(
        exact(before or 0.0), {int(row["start"]): (row["state"], row["sum"]) for row in rows}
    )


def first_stored(hass: HomeAssistant, statistic_id: str, begin: int, end: int) -> int | None:
    """Return the end of the first row in a span; to be called in the recorder's executor."""
    rows = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(begin),
        dt_util.utc_from_timestamp(end),
        {statistic_id},
        "hour",
        None,
        {"sum"},
    ).get(statistic_id)
    return int(rows[0]["start"]) + HOUR if rows else None


def first_gap(hass: HomeAssistant, statistic_id: str, since: int) -> int:
    """Return the first hour without a row after those that there are from a time on.

    To be called in the recorder's executor.
    """
    known = stored_rows(hass, statistic_id, since).rows
    while since in known:
        since += HOUR
    return since


def last_stored(hass: HomeAssistant, statistic_id: str) -> int | None:
    """Return the end of the last row of a statistic; to be called in the recorder's executor."""
    last = get_last_statistics(hass, 1, statistic_id, False, {"sum"}).get(statistic_id)
    return int(last[0]["start"]) + HOUR if last else None


def edges_of(
    hass: HomeAssistant,
    statistic_ids: Iterable[str],
    begin: int,
    end: int,
    counted: Collection[str] | None = None,
) -> dict[str, Edges]:
    """Return the edges of a span in many statistics; to be called in the recorder's executor.

    It asks for the rows at the edges of many at once: a month of all rows would take minutes. To
    count what is between takes longest, which may be left out for those that need no row an hour.
    """
    edges: dict[str, Edges] = {}
    started, within = Statistics.start_ts, (Statistics.start_ts >= begin, Statistics.start_ts < end)
    metadata = get_instance(hass).statistics_meta_manager
    with session_scope(hass=hass, read_only=True) as session:
        for batch in batched(statistic_ids, _IDS_AT_ONCE, strict=False):
            known = metadata.get_many(session, statistic_ids=set(batch))
            numbers = [number for number, _ in known.values()]
            before = _rows_at(session, numbers, (started < begin,), started.desc())
            first = _rows_at(session, numbers, within, started.asc())
            last = _rows_at(session, numbers, within, started.desc())
            to_count = [x for name, (x, _) in known.items() if counted is None or name in counted]
            counts = _counts(session, to_count, within)
            for name, (number, _) in known.items():
                rows = (before.get(number), first.get(number), last.get(number))
                edges[name] = Edges(*rows, counts.get(number, 0))
    return edges


def _counts(
    session: Session, numbers: list[int], conditions: tuple[ColumnElement[bool], ...]
) -> dict[int, int]:
    """Return how many rows each statistic has."""
    wanted = (
        select(Statistics.metadata_id, func.count())
        .where(Statistics.metadata_id.in_(numbers), *conditions)
        .group_by(Statistics.metadata_id)
    )
    return {number: count for number, count in session.execute(wanted) if number is not None}


def _rows_at(
    session: Session,
    numbers: list[int],
    conditions: tuple[ColumnElement[bool], ...],
    order: ColumnElement[Any],
) -> dict[int, Point]:
    """Return the row of each statistic that comes first in an order.

    Such a question, one step in an index for each statistic, is quick in all databases.
    """
    wanted = (
        select(Statistics.start_ts)
        .where(Statistics.metadata_id == StatisticsMeta.id, *conditions)
        .order_by(order)
        .limit(1)
        .scalar_subquery()
        .correlate(StatisticsMeta)
    )
    rows = session.execute(
        select(Statistics.metadata_id, Statistics.start_ts, Statistics.state, Statistics.sum)
        .select_from(StatisticsMeta)
        .join(
            Statistics,
            and_(Statistics.metadata_id == StatisticsMeta.id, Statistics.start_ts == wanted),
        )
        .where(StatisticsMeta.id.in_(numbers))
    )
    return {
        number: Point(int(start) + HOUR, _exact_or_none(state), _exact_or_none(total))
        for number, start, state, total in rows
    }


def _exact_or_none(value: float | None) -> Decimal | None:
    """Return a number of a row, if it has one."""
    return None if value is None else exact(value)


async def _async_written(hass: HomeAssistant) -> None:
    """Wait until the recorder did all that it was told up to now."""
    # Its own wait ends too early while it works on its last task.
    written = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(written))
    await written


async def async_write_rows(
    hass: HomeAssistant, metadata: StatisticMetaData, rows: list[Row]
) -> None:
    """Write rows, over those stored for the same hours, and wait until the recorder did.

    Raises RecorderError if they can't be found afterwards.
    """
    if not rows:
        return
    for batch in batched(rows, _ROWS_AT_ONCE, strict=False):
        async_add_external_statistics(
            hass,
            metadata,
            [
                StatisticData(
                    start=dt_util.utc_from_timestamp(row.start),
                    state=float(row.state),
                    sum=float(row.sum),
                )
                for row in batch
            ],
        )
        await _async_written(hass)
    stored = await async_execute(hass, stored_rows, hass, metadata["statistic_id"], rows[0].start)
    if any(stored.rows.get(row.start) != (float(row.state), float(row.sum)) for row in rows):
        msg = f"The recorder didn't write {metadata['statistic_id']}"
        raise RecorderError(msg)
