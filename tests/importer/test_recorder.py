"""Tests of the statistics on a real recorder: ids, names, failures."""

from decimal import Decimal
from unittest.mock import patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import get_metadata, valid_statistic_id
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.history.usage import Row
from custom_components.jrhsz.importer.recorder import (
    RecorderError,
    Statistic,
    async_metadata,
    async_write_rows,
    statistic_id,
    stored_rows,
)

from ..support.importing import ACCOUNT, meter_of


@pytest.mark.parametrize(
    ("code", "slug"),
    [
        ("2022040001", "2022040001"),
        ("一栋101", "yi_dong_101"),
        ("A-1", "a_1"),
        ("a__1", "a_1"),
        ("_x_", "x"),
        ("---", "unknown"),
        (" ", "unknown"),
        ("ÄÖ ß", "ao_ss"),
        ("x" * 300, "x" * 100),
        ("x" * 99 + "-yz", "x" * 99),
    ],
)
def test_id(code: str, slug: str) -> None:
    """Test that each code gives a valid id, as the contract has it."""
    name = statistic_id(ACCOUNT, code, Statistic.CONSUMPTION)
    assert valid_statistic_id(name)
    head, _, kind = name.rpartition("_")
    assert kind == "consumption"
    assert head.startswith(f"jrhsz:{slug}_")
    assert len(head) == len(f"jrhsz:{slug}_") + 10
    assert statistic_id(ACCOUNT, code, Statistic.COST) == f"{head}_cost"


def test_ids_differ() -> None:
    """Test that neither codes that read alike nor two accounts share a statistic."""
    assert statistic_id("a", "一栋101", Statistic.COST) != statistic_id(
        "a", "怡东101", Statistic.COST
    )
    assert statistic_id("a", "1", Statistic.COST) != statistic_id("b", "1", Statistic.COST)
    assert (
        statistic_id("example.com/demo", "2022040001", Statistic.COST)
        == "jrhsz:2022040001_b3603ad18d_cost"
    )


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize(
    ("kind", "statistic", "names", "units"),
    [
        (
            MeterKind.ELECTRICITY,
            Statistic.CONSUMPTION,
            {"en": "electricity consumption", "zh-Hans": "用电量"},
            ("energy", "kWh"),
        ),
        (
            MeterKind.WATER,
            Statistic.CONSUMPTION,
            {"en": "water consumption", "zh-Hans": "用水量"},
            ("volume", "m³"),
        ),
        (MeterKind.WATER, Statistic.COST, {"en": "cost", "zh-Hans": "费用"}, (None, "CNY")),
    ],
)
async def test_names_and_units(  # noqa: PLR0917  the parameters of a test have names
    recorder_mock: Recorder,
    hass: HomeAssistant,
    language: str,
    kind: MeterKind,
    statistic: Statistic,
    names: dict[str, str],
    units: tuple[str | None, str],
) -> None:
    """Test that statistics are named in Home Assistant's language, and have units."""
    hass.config.language = language
    metadata = await async_metadata(hass, meter_of(kind=kind), statistic)
    await async_write_rows(hass, metadata, [Row(0, Decimal(1), Decimal(1))])
    stored = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={metadata["statistic_id"]})
    )
    _, found = stored[metadata["statistic_id"]]
    assert found["name"] == f"一栋电 101 {names[language]}"
    assert (found["unit_class"], found["unit_of_measurement"]) == units
    assert found["has_sum"] is True
    assert found["mean_type"] is StatisticMeanType.NONE
    assert found["source"] == "jrhsz"


async def test_rows_that_were_not_written(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Test that a recorder that fails is noticed, so that nothing is marked as done."""
    metadata = await async_metadata(hass, meter_of(), Statistic.CONSUMPTION)
    with (
        patch("custom_components.jrhsz.importer.recorder.async_add_external_statistics"),
        pytest.raises(RecorderError),
    ):
        await async_write_rows(hass, metadata, [Row(0, Decimal(1), Decimal(1))])
    await async_write_rows(hass, metadata, [])
    stored = await get_instance(hass).async_add_executor_job(
        stored_rows, hass, metadata["statistic_id"], 0
    )
    assert not stored.rows
    assert stored.before == 0
