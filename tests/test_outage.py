"""Tests of what is logged when meters can't be read."""

import logging

import pytest

from custom_components.jrhsz.api import (
    ConnectError,
    ExchangeError,
    FailedError,
    Interface,
    Payment,
    PlatformError,
)
from custom_components.jrhsz.outage import OutageWatch

from .support.logs import lines


class Account:
    """An account of so many meters that are read one after the other, round by round."""

    def __init__(self, meters: int) -> None:
        """Begin with all well."""
        self.codes = [str(number) for number in range(meters)]
        self.watch = OutageWatch("demo")

    def round(self, *failing: str, err: PlatformError | None = None) -> None:
        """Read all meters once; these fail."""
        for code in self.codes:
            if code in failing:
                error = err or FailedError(1001, "系统异常")
                self.watch.note_failure(code, error, str(error), meters=len(self.codes))
            else:
                self.watch.note_success(code)


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    """Capture informational lines too."""
    caplog.set_level(logging.INFO, "custom_components.jrhsz")


@pytest.mark.parametrize(
    "err",
    [FailedError(1001, "维护"), ExchangeError("The connection broke"), ConnectError("refused")],
    ids=["1001", "cut", "refused"],
)
@pytest.mark.parametrize("meters", [1, 2, 1000])
def test_outage_of_all(caplog: pytest.LogCaptureFixture, meters: int, err: PlatformError) -> None:
    """Test one line down and one up, for any fault, however long it lasts."""
    account = Account(meters)
    account.round()
    for _ in range(5):
        account.round(*account.codes, err=err)
    account.round()
    account.round()
    assert lines(caplog) == [
        ("ERROR", f"The meters of account demo can't be read: {err}"),
        ("INFO", "The meters of account demo can be read again"),
    ]


def test_one_of_many(caplog: pytest.LogCaptureFixture) -> None:
    """Test that a meter that fails alone is told by name, once, and its end too."""
    account = Account(8)
    for _ in range(3):
        account.round("3")
    account.round()
    assert lines(caplog) == [
        ("ERROR", "Meter 3 can't be read, others can: Return code 1001: 系统异常"),
        ("INFO", "Meter 3 can be read again"),
    ]


def test_outage_while_one_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Test that a meter that always fails hides no outage of all, nor is told again after it."""
    account = Account(8)
    account.round("3")
    caplog.clear()
    for _ in range(3):
        account.round(*account.codes)
        account.round("3")
    assert [line[1] for line in lines(caplog)] == [
        "The meters of account demo can't be read: Return code 1001: 系统异常",
        "The meters of account demo can be read again",
    ] * 3


def test_neighbours(caplog: pytest.LogCaptureFixture) -> None:
    """Test that two meters that fail one after the other are no outage, and three not for ever."""
    account = Account(8)
    for _ in range(50):
        account.round("3", "4")
    assert [line[1][:7] for line in lines(caplog)] == ["Meter 3", "Meter 4"]
    caplog.clear()
    account = Account(8)
    for _ in range(50):
        account.round("3", "4", "5")
    assert len(lines(caplog)) == 5


def test_many_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Test that of hundreds of meters that fail for good few are told."""
    account = Account(600)
    for _ in range(5):
        account.round(*account.codes[::2])
    assert len(lines(caplog)) == 11
    account.round()
    assert len(account.watch.alone) == 0


def test_lists_without_times(caplog: pytest.LogCaptureFixture) -> None:
    """Test that it is told once of a kind of list that none of its times can be read."""
    watch = OutageWatch("demo")
    payment = Payment.from_record({"out_trade_no": "1", "create_time": "昨天下午"})
    timed = Payment.from_record({"out_trade_no": "2", "create_time": "2026-11-20 12:00:00"})
    assert payment is not None
    assert timed is not None
    watch.note_times("1", Interface.PAYMENTS, [])
    watch.note_times("1", Interface.PAYMENTS, [payment, timed])
    # One may be an accident.
    watch.note_times("1", Interface.PAYMENTS, [payment])
    watch.note_times("1", Interface.PAYMENTS, [timed])
    watch.note_times("1", Interface.PAYMENTS, [payment])
    watch.note_times("2", Interface.CONSUMPTION, [payment])
    assert lines(caplog) == []
    for interface in (Interface.PAYMENTS, Interface.CONSUMPTION):
        for code in "12":
            watch.note_times(code, interface, [payment])
    assert [message[:80] for _, message in lines(caplog)] == [
        f"None of the times can be read in what {interface} lists of meter 1, and maybe of others"[
            :80
        ]
        for interface in (Interface.PAYMENTS, Interface.CONSUMPTION)
    ]
