"""Tests of bills: the arithmetic, and the action on a real recorder."""

from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
    statistics_during_period,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from custom_components.jrhsz.history.ledger import Credit
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.history.sums import Sums, day_at, start_of
from custom_components.jrhsz.importer.bills import Bill, charges_between, is_settled
from custom_components.jrhsz.importer.recorder import (
    Edges,
    Point,
    Statistic,
    async_execute,
    edges_of,
    statistic_id,
)

from ..simulator import Simulator
from ..support.accounts import account_of, set_up
from ..support.statistics import hours, reading_at

HOUR = 3600
DAY = 24 * HOUR
# The first two days of a month in China.
BEGIN = int(datetime(2026, 10, 31, 16, tzinfo=UTC).timestamp())
END = BEGIN + 2 * DAY
SPAN = {"start": "2026-11-01", "end": "2026-11-03"}


def point(end: int, state: str, total: str | None = None) -> Point:
    """Return a row whose hour ends at a time."""
    return Point(end, Decimal(state), None if total is None else Decimal(total))


def edges(*points: Point, first: Point | None = None, hours: int = 48) -> Edges:
    """Return the edges of a span: the last row before it, and the last within."""
    before, last = points
    return Edges(before, first or last, last, hours)


CONSUMPTION = edges(point(BEGIN, "1000.5", "20.25"), point(END, "1011", "30.75"))
COST = edges(point(BEGIN, "0.1", "12.123456"), point(END, "0.2", "19.468"))
CREDITED = edges(point(BEGIN - DAY, "100", "150"), point(BEGIN + HOUR, "50", "200"), hours=1)
BALANCE = edges(point(BEGIN, "33.20", "1"), point(END, "75.86", "2"))
WHOLE = Bill(
    begin=BEGIN,
    end=END,
    consumption=CONSUMPTION,
    cost=COST,
    credited=CREDITED,
    balance=BALANCE,
    charged=Decimal("2.10"),
)


def bill(**changes: Any) -> dict[str, Any]:
    """Return a bill that is whole but for some changes, as the action does."""
    whole = {name: getattr(WHOLE, name) for name in Bill.__dataclass_fields__}
    return Bill(**whole | changes).as_response()


def test_bill_of_whole_span() -> None:
    """Test that a bill has the differences at its ends, to the cent, and adds up."""
    found = bill()
    assert found == {
        "first_reading": 1000.5,
        "first_time": found["first_time"],
        "last_reading": 1011.0,
        "last_time": found["last_time"],
        "use": 10.5,
        "cost": 7.34,
        "charges": 2.1,
        "price": 0.499,
        "credited": 50.0,
        "balance_start": 33.2,
        "balance_end": 75.86,
        "other": 0.0,
        "estimated": False,
    }
    assert datetime.fromisoformat(found["first_time"]).timestamp() == BEGIN
    assert datetime.fromisoformat(found["last_time"]).timestamp() == END


def test_rows_add_up_to_the_cent() -> None:
    """Test that what cost and credits don't explain is in *other*, with nothing lost by floats."""
    found = bill(balance=edges(point(BEGIN, "0.1"), point(END, "0.3")))
    assert found["other"] == -42.46
    amounts = [Decimal(str(found[key])) for key in ("balance_start", "credited", "cost", "other")]
    start, credited, cost, other = amounts
    assert start + credited - cost + other == Decimal(str(found["balance_end"]))


def test_nothing_is_known() -> None:
    """Test that what is unknown is null, never zero."""
    found = Bill(begin=BEGIN, end=END).as_response()
    assert found.pop("estimated") is True
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The balance is an hour older; then it is too old.
        ({"balance": edges(point(BEGIN - HOUR, "1"), point(END, "2"))}, {"balance_start": 1.0}),
        ({"balance": edges(point(BEGIN, "1"), point(END - 4 * HOUR, "2"))}, {"balance_end": None}),
        # Hours are missing in the middle, or at an end.
        ({"consumption": CONSUMPTION._replace(hours=47)}, {"use": 10.5}),
        ({"cost": COST._replace(hours=47)}, {"cost": 7.34, "price": 0.499}),
        ({"cost": COST._replace(hours=20)}, {"cost": 7.34, "price": None}),
        ({"cost": edges(point(BEGIN - HOUR, "1", "12"), point(END, "1", "19"))}, {"cost": 7.0}),
        # There are no rows of it at all.
        ({"cost": Edges()}, {"cost": None, "charges": None, "price": None, "other": None}),
        ({"consumption": Edges(before=point(BEGIN, "1", "1"))}, {"use": None, "price": None}),
        ({"is_settled": False}, {"use": 10.5, "cost": 7.34}),
    ],
)
def test_what_is_incomplete_is_marked(changes: Any, expected: dict[str, Any]) -> None:
    """Test that gaps, late rows and what isn't settled are told."""
    found = bill(**changes)
    assert {key: found[key] for key in expected} == expected
    assert found["estimated"] is True


def test_first_rows_are_in_the_span() -> None:
    """Test that a history that begins within the span is counted from its first record on."""
    first = point(BEGIN + 10 * HOUR, "1001.5", "0.5")
    consumption = Edges(None, first, point(END, "1011", "10"), 39)
    found = bill(consumption=consumption)
    assert (found["first_reading"], found["use"]) == (1001.0, 10.0)
    assert datetime.fromisoformat(found["first_time"]).timestamp() == BEGIN + 9 * HOUR
    assert found["estimated"] is True
    # A sum that was changed by hand leads to no reading.
    assert (
        bill(consumption=consumption._replace(first=point(END, "1", "2")))["first_reading"] is None
    )
    # A history that begins with the span is whole.
    first = point(BEGIN + HOUR, "1001", "0.5")
    consumption = Edges(None, first, point(END, "1011", "10.5"), 48)
    found = bill(consumption=consumption, cost=COST._replace(before=None))
    assert (found["first_reading"], found["use"], found["cost"]) == (1000.5, 10.5, 19.47)
    assert found["estimated"] is False


def test_span_without_use_or_payment() -> None:
    """Test that an empty room has zeros, and no price."""
    found = bill(
        consumption=edges(point(BEGIN, "5", "2"), point(END, "5", "2")),
        cost=edges(point(BEGIN, "0", "3"), point(END, "0", "3")),
        credited=Edges(before=point(BEGIN - DAY, "100", "150")),
        charged=Decimal(0),
    )
    assert (found["use"], found["cost"], found["charges"]) == (0.0, 0.0, 0.0)
    assert (found["credited"], found["price"]) == (0.0, None)
    assert found["estimated"] is False


def test_charges_are_those_of_the_span() -> None:
    """Test that charges are told where they are remembered."""
    first = day_at(BEGIN)
    history = MeterHistory(
        cost=Sums.of_days({first + timedelta(days=n): Decimal(1) for n in range(40)}),
        cost_until=BEGIN + 40 * DAY,
        charges=(
            Credit(BEGIN - 1, Decimal(1)),
            Credit(BEGIN, Decimal("2.5")),
            Credit(END - 1, Decimal(4)),
            Credit(END, Decimal(8)),
        ),
    )
    assert charges_between(history, BEGIN, END) == Decimal("6.5")
    assert charges_between(history, BEGIN + DAY, END - 2 * HOUR) == 0
    assert charges_between(history, BEGIN - DAY, END) is None
    assert charges_between(MeterHistory(), BEGIN, END) is None
    history.cost_until = BEGIN + 401 * DAY
    assert charges_between(history, BEGIN, END) is None


def test_charges_of_months_long_ago() -> None:
    """Test that days that were taken together are remembered too."""
    first = day_at(BEGIN)
    days = {first + timedelta(days=n): Decimal(1) for n in range(150)}
    history = MeterHistory(cost=Sums.of_days(days), cost_until=start_of(first) + 150 * DAY)
    assert history.cost.months
    assert charges_between(history, BEGIN, END) == 0


@pytest.mark.parametrize(
    ("known", "settled"),
    [
        ((0, 0, 0), True),
        ((END, END, END), True),
        ((END - 1, END, END), False),
        ((END, END - 1, END), False),
        ((END, END, END - 1), False),
    ],
)
def test_what_is_settled(known: tuple[int, int, int], *, settled: bool) -> None:
    """Test that a span is not settled before records, balances and payments after it were read."""
    used_until, cost_until, read_at = known
    history = MeterHistory(used_until=used_until, cost_until=cost_until, payments_read_at=read_at)
    assert is_settled(history, END) is settled


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with three meters, that answers as fast as it is asked."""
    async with Simulator(meters=3, limit=0.0, seed=1) as simulator:
        yield simulator


@pytest.fixture
async def account(  # noqa: PLR0917  the parameters of a test have names
    recorder_mock: Recorder,
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> MockConfigEntry:
    """Return an account that is set up a few days after the span."""
    freezer.move_to("2026-11-05 00:10:00+00:00")
    await hass.config.async_set_time_zone("Asia/Shanghai")
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")
    entry = account_of(simulator)
    await set_up(hass, entry)
    return entry


async def call(hass: HomeAssistant, entry_id: str, user: str | None = None, **span: str) -> Any:
    """Call the action, and return the bills."""
    response = await hass.services.async_call(
        "jrhsz",
        "get_bills",
        {"config_entry_id": entry_id, **SPAN, **span},
        blocking=True,
        return_response=True,
        context=Context(user_id=user),
    )
    assert response
    return response["bills"]


async def write(
    hass: HomeAssistant, name: str, unit: str, rows: Iterable[tuple[int, float, float]]
) -> None:
    """Write rows of a statistic: when their hours end, and their state and sum."""
    source = name.split(":", maxsplit=1)[0] if ":" in name else "recorder"
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source=source,
        statistic_id=name,
        unit_class=None,
        unit_of_measurement=unit,
    )
    data = [
        StatisticData(start=dt_util.utc_from_timestamp(end - HOUR), state=state, sum=total)
        for end, state, total in rows
    ]
    if source == "recorder":
        async_import_statistics(hass, metadata, data)
    else:
        async_add_external_statistics(hass, metadata, data)
    await async_wait_recording_done(hass)


async def test_bills_of_an_account(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that each meter has a row, by what the recorder has of it."""
    code, other, last = sorted(simulator.meters)
    unique_id = str(account.unique_id)
    hours = range(BEGIN - 5 * HOUR, END + 8 * HOUR, HOUR)
    use = [(at, 1000 + n * 0.1, 7 + n * 0.1) for n, at in enumerate(hours)]
    cost = [(at, 0.066, 30 + n * 0.066) for n, at in enumerate(hours)]
    credited = [(BEGIN - DAY, 100.0, 100.0), (BEGIN + 9 * HOUR, 50.0, 150.0), (END + HOUR, 9, 159)]
    name = {kind: statistic_id(unique_id, code, kind) for kind in Statistic}
    await write(hass, name[Statistic.CONSUMPTION], "kWh", use)
    await write(hass, name[Statistic.COST], "CNY", cost)
    await write(hass, name[Statistic.CREDITED], "CNY", credited)
    balance = er.async_get(hass).async_get_entity_id(
        "sensor", "jrhsz", f"{unique_id}|{code}|balance"
    )
    assert balance
    falls = [(at, round(80 - (at - BEGIN) / HOUR * 0.066, 2), 0.0) for at in hours]
    await write(hass, balance, "CNY", falls)
    # The other one's history begins on the second day.
    await write(
        hass,
        statistic_id(unique_id, other, Statistic.CONSUMPTION),
        "m³",
        [(END - 2 * HOUR, 12.5, 0.5), (END - HOUR, 13.0, 1.0)],
    )
    device = dr.async_get(hass).async_get_device_by_identifier(
        ("jrhsz", f"{unique_id}|{code}"), account.entry_id
    )
    assert device
    dr.async_get(hass).async_update_device(device.id, name_by_user="Lodge")

    first, second, third = await call(hass, account.entry_id)
    assert first == {
        "device_id": device.id,
        "user_code": code,
        "meter": "Lodge",
        "building": "一栋",
        "room": code,
        "kind": "electricity",
        "first_reading": 1000.5,
        "first_time": "2026-11-01T00:00:00+08:00",
        "last_reading": 1005.3,
        "last_time": "2026-11-03T00:00:00+08:00",
        "use": 4.8,
        "cost": 3.17,
        "charges": None,
        "price": 0.6604,
        "credited": 50.0,
        "balance_start": 80.0,
        "balance_end": 76.83,
        "other": -50.0,
        "estimated": False,
    }
    # The recorder's own sums of the span are the same.
    changes = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(BEGIN),
        dt_util.utc_from_timestamp(END),
        set(name.values()),
        "hour",
        None,
        {"change"},
    )
    for kind, key in zip(Statistic, ("use", "cost", "credited"), strict=True):
        total = sum(row["change"] or 0 for row in changes[name[kind]])
        assert first[key] == pytest.approx(total, abs=0.005)
    assert (second["user_code"], second["use"], second["last_reading"]) == (other, 1.0, 13.0)
    assert (second["first_reading"], second["first_time"]) == (12.0, "2026-11-02T21:00:00+08:00")
    assert (second["cost"], second["credited"], second["estimated"]) == (None, None, True)
    assert (third["user_code"], third["use"], third["estimated"]) == (last, None, True)

    # What is not over yet is billed up to now, and marked; nothing is known of the future.
    now = await call(hass, account.entry_id, end="2026-12-01")
    assert (now[0]["use"], now[0]["estimated"]) == (5.5, True)
    later = await call(hass, account.entry_id, start="2026-12-01", end="2027-01-01")
    assert {row["use"] for row in later} == {None}


@pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("time_zone", "first_time"),
    [
        # Summer time ends there within the span.
        ("America/New_York", "2026-10-31T12:00:00-04:00"),
        ("Asia/Kolkata", "2026-10-31T21:30:00+05:30"),
        ("UTC", "2026-10-31T16:00:00+00:00"),
    ],
)
async def test_month_of_china_elsewhere(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    *,
    time_zone: str,
    first_time: str,
) -> None:
    """Test that days of China are billed to the hour, wherever Home Assistant is at home."""
    code = min(simulator.meters)
    rows = [(at, 1000 + n, n) for n, at in enumerate(range(BEGIN - DAY, END + DAY, HOUR))]
    await write(
        hass, statistic_id(str(account.unique_id), code, Statistic.CONSUMPTION), "kWh", rows
    )
    await hass.config.async_set_time_zone(time_zone)
    span = {"start": "2026-11-01T00:00:00+08:00", "end": "2026-11-03T00:00:00+08:00"}
    bill = (await call(hass, account.entry_id, **span))[0]
    assert (bill["first_reading"], bill["last_reading"], bill["use"]) == (1024, 1072, 48)
    assert bill["first_time"] == first_time
    assert datetime.fromisoformat(bill["last_time"]).timestamp() == END
    # Days without a zone are those of Home Assistant, and an hour that has begun counts whole.
    there = (await call(hass, account.entry_id))[0]
    begun = dt_util.parse_datetime("2026-11-01 00:00:00")
    assert begun is not None
    begin = int(dt_util.as_utc(begun).timestamp()) // HOUR * HOUR
    assert datetime.fromisoformat(there["first_time"]).timestamp() == begin
    assert there["use"] == (49 if time_zone == "America/New_York" else 48)


@pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
async def test_meter_that_was_replaced_and_one_that_was_added(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that use goes on with the new meter's readings, and begins with an added one's first."""
    replaced, added, _ = sorted(simulator.meters)
    unique_id = str(account.unique_id)
    half = BEGIN + DAY
    rows = [
        (at, (5000 if at <= half else 0) + n * 0.5, 7 + n * 0.5)
        for n, at in enumerate(range(BEGIN - DAY, END + HOUR, HOUR))
    ]
    costs = [(at, 0.25, n * 0.25) for n, (at, *_) in enumerate(rows)]
    await write(hass, statistic_id(unique_id, replaced, Statistic.CONSUMPTION), "kWh", rows)
    await write(hass, statistic_id(unique_id, replaced, Statistic.COST), "CNY", costs)
    await write(
        hass,
        statistic_id(unique_id, added, Statistic.CONSUMPTION),
        "kWh",
        [(at, 100 + n, n) for n, at in enumerate(range(half + HOUR, END + HOUR, HOUR), 1)],
    )
    first, second, _ = await call(hass, account.entry_id)
    # The readings are those on the meters of their time: only the use tells what to bill.
    assert (first["first_reading"], first["last_reading"]) == (5012, 36)
    assert (first["use"], first["cost"], first["price"]) == (24, 12, 0.5)
    assert first["estimated"] is False
    assert (second["first_reading"], second["last_reading"], second["use"]) == (100, 124, 24)
    assert datetime.fromisoformat(second["first_time"]).timestamp() == half
    assert (second["balance_start"], second["cost"], second["other"]) == (None, None, None)
    assert second["estimated"] is True


@pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
async def test_bill_of_what_was_imported(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a day of the import's own rows is whole, and is what the platform says."""
    freezer.move_to("2026-11-27 16:10:00+00:00")
    await hass.config.async_set_time_zone("Asia/Shanghai")
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await hours(hass, freezer, 28)
    begin = datetime(2026, 11, 27, 18, tzinfo=UTC)
    end = datetime(2026, 11, 28, 16, tzinfo=UTC)
    found = await call(hass, entry.entry_id, start=begin.isoformat(), end=end.isoformat())
    assert len(found) == len(simulator.meters)
    for row in found:
        meter = simulator.meters[row["user_code"]]
        records = meter.records(begin - timedelta(days=1), simulator.now())
        readings = [reading_at(records, time) for time in (begin, end)]
        found_readings = [row["first_reading"], row["last_reading"]]
        assert found_readings == pytest.approx([float(item) for item in readings], abs=1e-5)
        assert row["use"] == pytest.approx(float(readings[1] - readings[0]), abs=1e-5)
        assert row["cost"] == pytest.approx(row["use"] * float(meter.price), abs=0.02)
        payments = [item.amount for item in meter.payments(begin) if begin <= item.time < end]
        assert row["credited"] == float(sum(payments, Decimal(0)))
        assert (row["charges"], row["estimated"]) == (0.0, False)
    # The month before is not whole: the import began in it, and no balance was seen then.
    old = await call(hass, entry.entry_id, end="2026-11-28")
    assert [(row["price"], row["estimated"]) for row in old] == [(None, True)] * len(found)
    assert {row["first_time"] for row in old} == {old[0]["first_time"]}
    assert old[0]["first_time"].startswith("2026-11-")


async def test_many_meters_are_asked_for_at_once(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Test that the database is asked the same few questions for one meter and for hundreds."""
    names = [statistic_id("a", str(number), Statistic.COST) for number in range(200)]
    for name in (names[0], names[-1]):
        await write(hass, name, "CNY", [(BEGIN, 1, 1), (END, 1, 2)])
    asked: list[str] = []
    engine = get_instance(hass).engine

    def note(*arguments: Any) -> None:
        """Note a statement."""
        asked.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for some in (names[:1], names):
        asked.clear()
        found = await async_execute(hass, edges_of, hass, some, BEGIN, END, names[:1])
        counts.append(len(asked))
        assert found[names[0]] == Edges(
            point(BEGIN, "1", "1"), point(END, "1", "2"), point(END, "1", "2"), 1
        )
    event.remove(engine, "before_cursor_execute", note)
    assert counts[1] <= counts[0] + 1 <= 6
    assert set(found) == {names[0], names[-1]}
    # What every hour needs no row of isn't counted.
    assert found[names[-1]] == found[names[0]]._replace(hours=0)


async def test_bills_are_for_administrators(
    hass: HomeAssistant, account: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """Test that a tenant doesn't get the bills of all."""
    with pytest.raises(Unauthorized):
        await call(hass, account.entry_id, user=hass_read_only_user.id)


async def test_span_must_be_an_hour_at_least(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Test that a span without an hour is refused, and so is one that ends before it begins."""
    for end in ("2026-11-01 00:59:59", "2026-10-31"):
        with pytest.raises(ServiceValidationError) as refused:
            await call(hass, account.entry_id, end=end)
        assert refused.value.translation_key == "invalid_span"


async def test_database_cannot_be_read(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Test that a database that fails is told."""
    with (
        patch(
            "custom_components.jrhsz.importer.recorder.session_scope", side_effect=SQLAlchemyError
        ),
        pytest.raises(HomeAssistantError) as failure,
    ):
        await call(hass, account.entry_id)
    assert failure.value.translation_key == "not_read"


async def test_bills_need_a_recorder(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that without a recorder there are no bills, and that this is said."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, entry.entry_id)
    assert refused.value.translation_key == "no_recorder"
