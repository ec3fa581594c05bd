"""Tests of what the journal may lack."""

from datetime import UTC, datetime

from custom_components.jrhsz.recharge.gap import GAP, Gap, compared, is_about_gap


def test_written_and_read() -> None:
    """Test that it survives being written."""
    gap = Gap(begin=datetime(2026, 1, 2, 3, tzinfo=UTC), end=datetime(2026, 2, 3, 4, tzinfo=UTC))
    assert Gap.from_record(gap.as_record()) == gap


def test_notes() -> None:
    """Test which notes are about a gap."""
    keys = (GAP, compared("platform.example/demo", "1"), "comparison", "gaps")
    assert [is_about_gap(key) for key in keys] == [True, True, False, False]
