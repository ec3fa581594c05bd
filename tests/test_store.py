"""Tests of the file of an account: when it is written, and what damage does."""

import json
import logging
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.jrhsz.store import AccountStore

from .support.accounts import wait_for


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Write real files, where the test package would keep them in memory."""
    return {}


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Keep the files of a test in a folder of its own."""
    return hass_tmp_config_dir


def path_of(hass: HomeAssistant) -> Path:
    """Return the path of the file."""
    return Path(hass.config.path(".storage", "jrhsz.entry"))


def kept(hass: HomeAssistant) -> Any:
    """Return what the file holds."""
    return json.loads(path_of(hass).read_text(encoding="utf-8"))["data"]


async def test_steady_changes_are_written_in_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Test that the first change decides when it is written, however many follow."""
    store = AccountStore(hass, "entry")
    await store.async_load()
    values = {"count": 0}
    store.register("section", lambda: dict(values))
    for _ in range(29):
        values["count"] += 1
        store.async_schedule_save()
        await wait_for(hass, freezer, seconds=10)
    assert not path_of(hass).exists()
    await wait_for(hass, freezer, seconds=11)
    assert kept(hass) == {"section": {"count": 29}}
    assert path_of(hass).stat().st_mode & 0o077 == 0

    values["count"] = 99
    store.async_schedule_save()
    await wait_for(hass, freezer, seconds=301)
    assert kept(hass) == {"section": {"count": 99}}


async def test_sections_without_a_source_stay(hass: HomeAssistant) -> None:
    """Test that a section that nobody writes now is kept as it was."""
    store = AccountStore(hass, "entry")
    await store.async_load()
    store.register("old", lambda: [1])
    await store.async_save()
    again = AccountStore(hass, "entry")
    await again.async_load()
    again.register("new", lambda: [2])
    await again.async_save()
    assert kept(hass) == {"old": [1], "new": [2]}


async def test_close_writes_what_is_left_and_no_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Test that closing writes a change, and that nothing is written after it."""
    store = AccountStore(hass, "entry")
    await store.async_load()
    store.register("section", lambda: 1)
    await store.async_close()
    assert not path_of(hass).exists()

    store.register("section", lambda: 2)
    store.async_schedule_save()
    await store.async_close()
    assert kept(hass) == {"section": 2}
    path_of(hass).unlink()
    await wait_for(hass, freezer, seconds=400)
    assert not path_of(hass).exists()


async def test_stop_writes(hass: HomeAssistant) -> None:
    """Test that what changed is written when Home Assistant stops."""
    store = AccountStore(hass, "entry")
    await store.async_load()
    store.register("section", lambda: 1)
    store.async_schedule_save()
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert kept(hass) == {"section": 1}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"version": 1, "minor_version": 1, "key": "jrhsz.entry", "data": [1]',
        "[1, 2]",
        '"text"',
        '{"other": "file"}',
        '{"version": 1, "minor_version": 1, "key": "jrhsz.entry", "data": [1]}',
        '{"version": 99, "minor_version": 1, "key": "jrhsz.entry", "data": {"a": 1}}',
        '{"version": "x", "minor_version": 1, "key": "jrhsz.entry", "data": {"a": 1}}',
    ],
)
async def test_damaged_file_is_set_aside(
    hass: HomeAssistant, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a file that can't be used is kept aside, said, and the account starts afresh."""
    path = path_of(hass)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    store = AccountStore(hass, "entry")
    await store.async_load()
    assert store.data == {}
    aside = [file for file in path.parent.iterdir() if file.name.startswith("jrhsz.entry.")]
    assert [file.read_text(encoding="utf-8") for file in aside] == [content]
    assert any(record.levelno >= logging.WARNING for record in caplog.records)
    store.register("section", lambda: 1)
    await store.async_save()
    assert kept(hass) == {"section": 1}


async def test_removal_takes_what_was_set_aside(hass: HomeAssistant) -> None:
    """Test that no file is left of an account, for a token is in those set aside too."""
    path_of(hass).parent.mkdir(exist_ok=True)
    path_of(hass).write_text("{", encoding="utf-8")
    other = path_of(hass).with_name("jrhsz.entry2")
    other.write_text("{}", encoding="utf-8")
    aside = path_of(hass).with_name("jrhsz.entry.unusable.20260101T000000")
    aside.write_text("{}", encoding="utf-8")
    await AccountStore(hass, "entry").async_remove()
    assert not path_of(hass).exists()
    assert not aside.exists()
    assert other.exists()
