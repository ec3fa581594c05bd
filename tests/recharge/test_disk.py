"""Tests of writing so that nothing half-done is left."""

import os
from pathlib import Path, PurePath
import tarfile
from threading import Event, Thread

from homeassistant.components.backup.const import EXCLUDE_FROM_BACKUP
import pytest
from securetar import atomic_contents_add

from custom_components.jrhsz.recharge.disk import NotUndoneError, append, replace

from ..support.disk_faults import DiskFaults

BACKUPS = 10


def test_replace(tmp_path: Path) -> None:
    """Test that a file is replaced as a whole, for its owner alone."""
    path, temporary = tmp_path / "file", tmp_path / "cache" / "new"
    for content in (b"one", b"two"):
        replace(path, temporary, [content, b"!"])
        assert path.read_bytes() == content + b"!"
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(temporary.parent.iterdir()) == []


def test_replace_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that the old file stays, and nothing else."""
    path, temporary = tmp_path / "file", tmp_path / "new"
    path.write_bytes(b"old")
    faults = DiskFaults(monkeypatch)
    for at in (1, 2, 3):
        faults.arm("fails", at)
        with pytest.raises(OSError, match="Input/output error"):
            replace(path, temporary, [b"new"])
        assert faults.disarm()
        assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_append(tmp_path: Path) -> None:
    """Test that nothing but what is appended changes."""
    path = tmp_path / "file"
    path.write_bytes(b"one\n")
    append(path, b"two\n")
    append(path, b"three\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize(("at", "left"), [(2, b"\n\n"), (3, b"\n\n\n\n")])
def test_append_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, left: bytes
) -> None:
    """Test that what was written of it is overwritten: the file never gets shorter."""
    path = tmp_path / "file"
    path.write_bytes(b"one\n")
    faults = DiskFaults(monkeypatch)
    faults.arm("fails", at)
    with pytest.raises(OSError, match="Input/output error") as error:
        append(path, b"two\n")
    assert not isinstance(error.value, NotUndoneError)
    assert path.read_bytes() == b"one\n" + left
    faults.arm("breaks", at)
    with pytest.raises(NotUndoneError):
        append(path, b"two\n")


def test_parts_of_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that what the system takes in parts is written as a whole."""
    path, pwrite = tmp_path / "file", os.pwrite
    path.write_bytes(b"")
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: pwrite(file, content[:3], at))
    append(path, b"0123456789")
    assert path.read_bytes() == b"0123456789"


def test_live_backup(tmp_path: Path) -> None:
    """Test that backups that are made while it is written to succeed, and hold whole lines."""
    config = tmp_path / "config"
    storage, cache = config / ".storage", config / ".cache" / "jrhsz"
    for folder in (storage, cache):
        folder.mkdir(parents=True)
    path, done = storage / "journal", Event()
    path.write_bytes(b"")

    def write() -> None:
        """Append all the time."""
        number = 0
        while not done.is_set():
            number += 1
            append(path, b"%0500d\n" % number)

    def is_excluded(name: PurePath) -> bool:
        """Tell what Home Assistant leaves out."""
        return any(name.full_match(f"data/{pattern}") for pattern in EXCLUDE_FROM_BACKUP)

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(BACKUPS):
            backup = tmp_path / f"{number}.tar"
            with tarfile.open(backup, "w") as tar:
                atomic_contents_add(tar, config, is_excluded, "data")
            with tarfile.open(backup) as tar:
                names = tar.getnames()
                file = tar.extractfile("data/.storage/journal")
                assert file is not None
                lines = file.read().split(b"\n")[:-1]
            assert lines == [b"%0500d" % (n + 1) for n in range(len(lines))]
            assert not any(name.startswith("data/.cache/") for name in names)
    finally:
        done.set()
        writer.join()
