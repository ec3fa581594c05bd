"""Tests of the journal's file: what is left of it, whatever step fails or is the last one."""

from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant
import pytest

from custom_components.jrhsz.recharge import journal_file
from custom_components.jrhsz.recharge.journal_file import JournalFile
from custom_components.jrhsz.recharge.journal_lines import Contents, encoded, order_record
from custom_components.jrhsz.recharge.order import Status

from ..support.disk_faults import DiskFaults, Killed
from ..support.recharges import an_order, written_before

WAYS = ("fails", "breaks", "killed")
STARTS = (
    "nothing",
    "file of before",
    "journal",
    "torn",
    "long",
    "restored",
    "without a witness",
    "gone",
)
MISSING = {"restored", "without a witness", "gone"}


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> DiskFaults:
    """Let single steps go wrong, and short files be written anew."""
    monkeypatch.setattr(journal_file, "_FEW_LINES", 5)
    return DiskFaults(monkeypatch)


class Life:
    """One life of a process, and what it was told of each order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin."""
        self._file = JournalFile(hass)
        self._contents = Contents()
        self.known: dict[str, str] = {}
        self.refused: set[str] = set()

    def start(self) -> Contents:
        """Read, and write if that is due."""
        self._contents, aside = self._file.load()
        assert aside is None
        if self._file.must_replace:
            self._file.write([], self._contents.copy())
        return self._contents

    def order(self, number: str) -> None:
        """Reserve an order, and write its outcome."""
        for status in (Status.UNKNOWN, Status.CONFIRMED):
            order = an_order(number, status=status)
            everything = self._contents.copy() if self._file.must_replace else None
            try:
                self._file.write([order_record(order)], everything)
            except OSError:
                if status is Status.UNKNOWN:
                    self.refused.add(number)
                    return
            else:
                self.known[number] = status
                self._contents.orders.put(order)


def begin(hass: HomeAssistant, start: str) -> dict[str, str]:
    """Put on disk what a life begins with; return the orders of it that must not be lost."""
    folder, cache = Path(hass.config.path(".storage")), Path(hass.config.path(".cache"))
    if start == "nothing":
        return {}
    if start == "file of before":
        (folder / "jrhsz.orders").write_bytes(written_before([an_order("Old1")]))
        return {"Old1": "unknown"}
    life = Life(hass)
    life.start()
    life.order("Old1")
    journal = folder / "jrhsz.journal"
    before = journal.read_bytes()
    if start == "torn":
        journal.write_bytes(before + b"0123456789abcdef {")
    elif start == "long":
        record = order_record(an_order("Old1", status=Status.CONFIRMED))
        lines = (encoded(record, 4 + i) for i in range(10))
        journal.write_bytes(before + b"".join(lines))
    elif start == "restored":
        life.order("Late1")
        journal.write_bytes(before)
    elif start == "without a witness":
        shutil.rmtree(cache)
    elif start == "gone":
        journal.unlink()
        return {}
    return {"Old1": "confirmed"}


def files(hass: HomeAssistant) -> list[Path]:
    """Return all files."""
    config = Path(hass.config.path())
    return [*config.glob(".storage/*"), *config.glob(".cache/jrhsz/*")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("start", STARTS)
async def test_every_step(hass: HomeAssistant, faults: DiskFaults, start: str, way: str) -> None:
    """Test that no order is lost or half there, and a restore never overlooked or suspected.

    What is tried at every step: it fails once, all fails from then on, or the process is killed.
    """
    kept = begin(hass, start)
    first = {path: path.read_bytes() for path in files(hass)}
    for at in range(1, 100):
        for path in {*files(hass), *first}:
            path.unlink(missing_ok=True)
        for path, content in first.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        faults.arm(way, at)
        life, is_killed = Life(hass), False
        try:
            life.start()
            life.order("New1")
            life.order("New2")
        except Killed:
            is_killed = True
        except OSError:
            assert way != "killed"
        went_wrong = faults.disarm()

        for _ in range(2):
            after = Life(hass)
            contents = after.start()
            statuses = {order.number: order.status for order in contents.orders.by_number.values()}
            for number, status in {**kept, **life.known}.items():
                assert statuses[number] in {status, "confirmed"}, (at, number)
            if not is_killed:
                assert not life.refused & set(statuses), at
            assert (contents.gap is not None) == (start in MISSING), at
            names = {path.name for path in files(hass)}
            assert names == {"jrhsz.journal", "jrhsz.orders", "witness"}
        after.order("New3")
        assert after.known["New3"] == "confirmed"
        if not went_wrong:
            return
    raise AssertionError
