"""Tests of the time as history counts it."""

from freezegun.api import FrozenDateTimeFactory

from custom_components.jrhsz.clock import seconds_now


def test_seconds_now(freezer: FrozenDateTimeFactory) -> None:
    """Test that seconds are whole, and counted in any zone from the same moment."""
    freezer.move_to("1970-01-02T08:00:00.9+08:00")
    assert seconds_now() == 86400
