"""Writing so that nothing half-done is left, and that a backup may read at the same time.

A backup copies as many bytes of a file as it had when the backup came to it, and fails if there are
fewer, or if a file that it has listed is gone. So a file in the storage folder is only appended to
or replaced, and what replaces it is written elsewhere.
"""

from collections.abc import Iterable
import os
from pathlib import Path


class NotUndoneError(OSError):
    """What couldn't be written as a whole may stand in the file in part."""


def replace(path: Path, temporary: Path, parts: Iterable[bytes]) -> None:
    """Replace a file, durably, by one that is written in another folder.

    Raises OSError; then the file is as it was or, if only its name isn't durable, as it should be.
    """
    for folder in (path.parent, temporary.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def append(path: Path, content: bytes) -> None:
    """Append to a file, durably.

    If that fails, what was written is overwritten by empty lines, which needs no room on the disk.
    Raises OSError; NotUndoneError if that failed too.
    """
    file = os.open(path, os.O_WRONLY)
    try:
        end = os.fstat(file).st_size
        try:
            _write(file, content, end)
            os.fsync(file)
        except OSError as err:
            try:
                _write(file, b"\n" * (os.fstat(file).st_size - end), end)
                os.fsync(file)
            except OSError:
                raise NotUndoneError(*err.args) from err
            raise
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Make the names of files in a folder durable.

    Raises OSError.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: int, content: bytes, at: int) -> None:
    """Write all of the content from a place on."""
    while content:
        written = os.pwrite(file, content, at)
        content, at = content[written:], at + written
