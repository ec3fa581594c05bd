"""Tests of what tells that the journal was restored or lost."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

from homeassistant.components.backup.const import EXCLUDE_FROM_BACKUP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.jrhsz.recharge.witness import FILE_NAME, Witness

WITNESS = Witness("0" * 32, 10, datetime(2026, 11, 27, tzinfo=UTC))


def test_written_and_read(tmp_path: Path) -> None:
    """Test that it is as it was written, and always as long."""
    folder = tmp_path / "jrhsz"
    assert Witness.read(folder) is None
    sizes = set()
    for line in (0, 9, 10, 10**9):
        witness = replace(WITNESS, line=line)
        witness.write(folder, durable=True)
        assert Witness.read(folder) == witness
        sizes.add((folder / FILE_NAME).stat().st_size)
    assert len(sizes) == 1
    assert (folder / FILE_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"line": "x", "journal": 1}'])
def test_unusable(tmp_path: Path, content: bytes) -> None:
    """Test that what isn't one is none."""
    (tmp_path / FILE_NAME).write_bytes(content)
    assert Witness.read(tmp_path) is None


@pytest.mark.parametrize(
    ("journal", "line", "agrees"),
    [("0" * 32, 10, True), ("0" * 32, 11, True), ("0" * 32, 9, False), ("1" * 32, 10, False)],
    ids=["the same", "ahead: a crash", "behind: restored", "another"],
)
def test_agrees(journal: str, line: int, *, agrees: bool) -> None:
    """Test which journals are the one that was written last."""
    assert WITNESS.agrees_with(journal, line) is agrees


def test_in_no_backup(hass: HomeAssistant) -> None:
    """Test that Home Assistant leaves its folder out of backups."""
    path = PurePath(hass.config.cache_path("jrhsz")).relative_to(hass.config.path())
    assert any(PurePath("data", path).full_match(f"data/{x}") for x in EXCLUDE_FROM_BACKUP)
