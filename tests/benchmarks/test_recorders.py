"""Short versions of the runs on real recorders: all rows and bills are right, no call early."""

import pytest

from . import history, recorders
from .figures import Figure, table

pytestmark = pytest.mark.usefixtures("socket_enabled")
# The clock of a busy machine tells nothing in short.
_OF_THE_MACHINE = ("work", "processor", "block", "memory")


def hold(figures: list[Figure]) -> None:
    """Assert that the promises hold that don't depend on the machine."""
    failed = [
        figure
        for figure in figures
        if not figure.ok and not any(word in figure.name for word in _OF_THE_MACHINE)
    ]
    assert figures
    assert not failed, f"\n{table(figures)}"


def test_import_rebuild_and_bills() -> None:
    """Test that rows and bills are what meters uploaded and people paid."""
    figures = recorders.measure_one("SQLite", meters=24, days=1, hours=4)
    hold(figures)
    assert not any("of all, 0 with cost" in figure.name for figure in figures)


def test_without_a_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Test that it is said when a database isn't measured."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("tests.support.mariadb._PATH", "")
    assert recorders.measure_one("MariaDB", meters=2, days=1) == []
    assert capsys.readouterr().out == "\nMariaDB is not installed: not measured\n"


def test_history() -> None:
    """Test that a history of more than one window is imported whole, none too early."""
    hold(history.measure(meters=8, days=62))
