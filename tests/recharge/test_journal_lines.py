"""Tests of the form of the journal's file."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.jrhsz.recharge.journal_lines import (
    Contents,
    DamagedJournalError,
    Lines,
    encoded,
    hash_of,
    note_record,
    order_record,
)
from custom_components.jrhsz.recharge.order import Status

from ..support.recharges import an_order

HEAD = {"version": 2, "journal": "0" * 32}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file."""

    def written(*records: dict[str, Any], tail: bytes = b"") -> Path:
        """Write a file of records, and return its path."""
        path = tmp_path / "journal"
        lines = [encoded(record, i) for i, record in enumerate(records, 7)]
        path.write_bytes(b"".join(lines) + tail)
        return path

    return written


def test_all_there_is(write: Callable[..., Path]) -> None:
    """Test that a snapshot of all that a journal holds is read as it was."""
    contents = Contents()
    contents.orders.put(an_order("A"))
    contents.orders.put(an_order("B", status=Status.CONFIRMED))
    contents.notes["key"] = {"some": ["thing"]}
    contents.forgotten.add(hash_of("C"))
    everything = contents.copy()
    records = list(everything.records())
    assert len(records) == everything.count == 5
    lines = Lines.read(write(*records))
    assert lines is not None
    read = lines.contents
    assert (read.journal, read.line, lines.count) == (contents.journal, 11, 5)
    assert not lines.is_torn
    assert dict(read.orders.by_number) == dict(contents.orders.by_number)
    assert (read.notes, read.forgotten) == (contents.notes, contents.forgotten)


def test_the_last_line_counts(write: Callable[..., Path]) -> None:
    """Test that an order, and what was noted, is as the last line says."""
    order = an_order("A")
    path = write(
        HEAD,
        order_record(order),
        note_record("key", 1),
        order_record(an_order("A", status=Status.CONFIRMED)),
        note_record("key", 2),
    )
    lines = Lines.read(path)
    assert lines is not None
    assert lines.contents.orders.by_number["A"].status == "confirmed"
    assert lines.contents.notes == {"key": 2}


@pytest.mark.parametrize("tail", [b"0123", b"\n\n0123456789abcdef {}\n", b"\x00" * 100, b" \n"])
def test_torn(write: Callable[..., Path], tail: bytes) -> None:
    """Test that what is wrong at the end, and there only, is dropped."""
    path = write(HEAD, order_record(an_order("A")), tail=tail)
    lines = Lines.read(path)
    assert lines is not None
    assert lines.is_torn
    assert (list(lines.contents.orders.by_number), lines.contents.line) == (["A"], 8)
    whole = encoded(order_record(an_order("B")), 9)
    path.write_bytes(path.read_bytes().rstrip(b"\n") + b"\n" + whole)
    with pytest.raises(DamagedJournalError):
        Lines.read(path)


@pytest.mark.parametrize(
    "records",
    [
        [],
        [order_record(an_order("A"))],
        [HEAD, {"order": {"number": "A"}}],
        [HEAD, {"order": None}],
        [HEAD, {"future": 1}],
        [HEAD | {"version": 1}],
        [HEAD | {"version": None}],
        [HEAD | {"line": "1"}],
        [HEAD | {"time": 5}],
        [HEAD, {"order": order_record(an_order("A"))["order"] | {"amount": "x"}}],
    ],
    ids=range(10),
)
def test_damaged(write: Callable[..., Path], records: list[dict[str, Any]]) -> None:
    """Test that what no version of this integration wrote is damaged."""
    with pytest.raises(DamagedJournalError):
        Lines.read(write(*records, order_record(an_order("Z"))))


def test_knows() -> None:
    """Test that a number is known for ever, whichever way a platform shows it."""
    contents = Contents()
    old = dt_util.utcnow() - timedelta(days=500)
    contents.orders.put(an_order("Rent1", status=Status.CONFIRMED, sent=old))
    contents.orders.put(an_order("Rent2", sent=old))
    contents.orders.put(an_order("Rent3", status=Status.REJECTED, sent=old, watch_until=old))
    contents.forgotten.add(hash_of("Rent4"))
    assert contents.forget_before(dt_util.utcnow())
    assert not contents.forget_before(dt_util.utcnow())
    assert sorted(contents.orders.by_number) == ["Rent2", "Rent3"]
    known = ("Rent1", "RENT1", "rent1", "Rent2", "rent3", "Rent4")
    assert all(contents.knows(number) for number in known)
    assert not contents.knows("Rent5")
