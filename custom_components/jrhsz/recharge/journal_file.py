"""The journal's file and its witness, and what they say of each other at the start."""

from collections.abc import Callable
import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from . import journal_v1
from .disk import NotUndoneError, append, replace
from .gap import Gap
from .journal_lines import Contents, DamagedJournalError, Lines, Snapshot, encoded, hash_of
from .journal_v1 import OldJournal
from .witness import Witness

FILE_NAME: Final = f"{DOMAIN}.journal"
OLD_FILE_NAME: Final = f"{DOMAIN}.orders"
DETAILS_KEPT: Final = timedelta(days=400)

# Of a journal that is gone nothing tells how old it was.
_BEFORE_LOSS: Final = timedelta(days=31)
_FEW_LINES: Final = 1000
_ASIDE: Final = ".damaged."


class FileChangedError(OSError):
    """The file isn't as it was left: it must be read again."""


class JournalFile:
    """Reads the journal at the start, and writes it; all of that blocks.

    `since` tells for how long this machine has had this journal. While `must_replace` is true the
    file isn't what it should be, and nothing may be appended to it.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the files, in Home Assistant's storage folder and in its cache."""
        self.path = Path(hass.config.path(STORAGE_DIR, FILE_NAME))
        self.since = dt_util.utcnow()
        self.must_replace = False
        self._old_path = self.path.with_name(OLD_FILE_NAME)
        self._cache = Path(hass.config.cache_path(DOMAIN))
        self._temporary = self._cache / "new"
        self._witness: Witness | None = None
        self._line = 0
        self._size = 0

    def load(self) -> tuple[Contents, str | None]:
        """Return what the journal holds, and the name of a damaged file nobody has confirmed yet.

        Raises OSError if that can't be told now.
        """
        self._temporary.unlink(missing_ok=True)
        self._witness = Witness.read(self._cache)
        lines, aside = _unless_damaged(Lines.read, self.path)
        old, old_aside = _unless_damaged(journal_v1.read, self._old_path)
        aside = aside or old_aside
        if lines is None and (old is None or old.is_retired):
            # After one was set aside, a new one is written only when a person has confirmed.
            aside = aside or self._newest_aside()
        contents = lines.contents if lines else Contents()
        self.must_replace = lines is None or _tidied(lines) or old is None
        if not self._is_what_was_written(lines, old, aside):
            self._begin_gap(contents, contents.written if lines else None)
        elif lines and self._witness:
            self.since = self._witness.since
        if old is not None and not old.is_retired:
            self._take_over(old, contents)
        self._line = contents.line
        self._measure()
        return contents, aside

    def write(self, records: list[dict[str, Any]], everything: Snapshot | None) -> None:
        """Append records, after the file was replaced by everything if that is given.

        Raises OSError, and none of the records is in the file then; FileChangedError if somebody
        else wrote to it.
        """
        if self.path.exists() and self.path.stat().st_size != self._size:
            msg = "somebody else wrote to it"
            raise FileChangedError(msg)
        if everything is not None:
            self._replace(everything)
        if records:
            lines = [encoded(record, self._line + 1 + i) for i, record in enumerate(records)]
            try:
                append(self.path, b"".join(lines))
            except OSError as err:
                self.must_replace |= isinstance(err, FileNotFoundError | NotUndoneError)
                raise
            finally:
                self._measure()
            self._line += len(records)
            self._testify()

    def _is_what_was_written(
        self, lines: Lines | None, old: OldJournal | None, aside: str | None
    ) -> bool:
        """Tell whether this is the journal that this machine wrote last, or the very first one."""
        if lines is not None:
            contents, witness = lines.contents, self._witness
            return witness is not None and witness.agrees_with(contents.journal, contents.line)
        was_written = self._witness is not None and self._witness.line > 0
        return not (was_written or aside or (old and old.is_retired))

    def _begin_gap(self, contents: Contents, end: datetime | None) -> None:
        """Note which orders may be missing since the end of the journal."""
        now = dt_util.utcnow()
        begin = min(end, now) if end else now - _BEFORE_LOSS
        if (earlier := contents.gap) is not None:
            begin = min(begin, earlier.begin)
        LOGGER.warning("The journal of orders was restored or lost; it ends at %s", begin)
        contents.begin_gap(Gap(begin=begin, end=now))
        self.must_replace = True

    def _take_over(self, old: OldJournal, contents: Contents) -> None:
        """Take the orders of the file of before over that aren't known yet."""
        for order in old.orders:
            if not contents.knows(order.number):
                contents.orders.put(order)
        contents.forgotten |= {*old.hashes} - {hash_of(order.number) for order in old.orders}
        self.must_replace = True

    def _newest_aside(self) -> str | None:
        """Return the name of the file that was set aside last."""
        names = [path.name for path in self.path.parent.glob(f"{DOMAIN}.*{_ASIDE}*")]
        return max(names, key=lambda name: name.rpartition(".")[2], default=None)

    def _replace(self, everything: Snapshot) -> None:
        """Replace the file and what it needs around it."""
        if self._witness is None:
            # A journal without a witness would be taken for one that was restored.
            self._witness = Witness(everything.journal, 0, self.since)
            self._witness.write(self._cache, durable=True)
        records = enumerate(everything.records(), self._line + 1)
        lines = (encoded(record, line) for line, record in records)
        try:
            replace(self.path, self._temporary, lines)
        finally:
            self._measure()
        self._line += everything.count
        self._witness = Witness(everything.journal, self._line, self.since)
        self._witness.write(self._cache, durable=True)
        journal_v1.retire(self._old_path, self._temporary)
        self.must_replace = False

    def _measure(self) -> None:
        """Note how long the file is."""
        self._size = self.path.stat().st_size if self.path.exists() else 0

    def _testify(self) -> None:
        """Let the witness know of the last line; one that lags behind does no harm."""
        if self._witness is None:
            return
        self._witness = dataclasses.replace(self._witness, line=self._line)
        try:
            self._witness.write(self._cache, durable=False)
        except OSError as err:
            LOGGER.warning("The witness of the journal of orders can't be written: %s", err)


def _unless_damaged[ReadT](
    read: Callable[[Path], ReadT | None], path: Path
) -> tuple[ReadT | None, str | None]:
    """Return what a file holds; one that is damaged is set aside, and its new name returned."""
    try:
        return read(path), None
    except DamagedJournalError:
        name = f"{path.name}{_ASIDE}{dt_util.utcnow():%Y%m%dT%H%M%S}"
        LOGGER.warning("The journal of orders is damaged; it is set aside as %s", name)
        path.rename(path.with_name(name))
        return None, name


def _tidied(lines: Lines) -> bool:
    """Forget what isn't to be kept any longer; tell if the file is to be written anew.

    How old an order is, is told by the journal as well as by the clock, which may be wrong.
    """
    contents = lines.contents
    if lines.is_torn:
        LOGGER.warning("The last line of the journal of orders was torn, and is dropped")
    forgot = contents.forget_before(min(dt_util.utcnow(), contents.written) - DETAILS_KEPT)
    is_long = lines.count > max(_FEW_LINES, 2 * contents.copy().count)
    return lines.is_torn or forgot or is_long
