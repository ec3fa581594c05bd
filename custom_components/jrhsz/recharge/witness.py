"""What tells whether the journal on disk is the one that this machine wrote last.

Home Assistant and its Supervisor leave `.cache` out of backups, and restoring everything wipes it.
So a witness that lies there, with the journal's id and its last line's number, is missing, is
another journal's or is ahead of the journal, if the journal was put back or lost. A journal that is
ahead of its witness is what a crash leaves.
"""

from dataclasses import dataclass
from datetime import datetime
import json
import os
from pathlib import Path
from typing import Final, Self

from .disk import sync_folder

FILE_NAME: Final = "witness"
# It is written in place, and only the digits change.
_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Witness:
    """The journal's id, the number of its last line, and since when this machine has it.

    The number is 0 before the journal was written for the first time.
    """

    journal: str
    line: int
    since: datetime

    def agrees_with(self, journal: str, line: int) -> bool:
        """Tell whether a journal that ends with this line is the one that was written last."""
        return self.journal == journal and self.line <= line

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the witness of a folder, if there is one.

        Raises OSError if that can't be told.
        """
        try:
            record = json.loads((folder / FILE_NAME).read_bytes())
            since = datetime.fromisoformat(record["since"])
            return cls(str(record["journal"]), int(record["line"]), since)
        except FileNotFoundError, ValueError, TypeError, KeyError:
            return None

    def write(self, folder: Path, *, durable: bool) -> None:
        """Write it: durably where a missing one would be taken for a restore.

        Raises OSError.
        """
        folder.mkdir(parents=True, exist_ok=True)
        record = {
            "line": f"{self.line:0{_DIGITS}}",
            "journal": self.journal,
            "since": self.since.isoformat(timespec="microseconds"),
        }
        file = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(file, json.dumps(record).encode())
            if durable:
                os.fsync(file)
        finally:
            os.close(file)
        if durable:
            sync_folder(folder)
