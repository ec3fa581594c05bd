"""Tests that an account lives a week as `scripts/prove year` lets it live a year."""

import pytest

from .year import live

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_a_week() -> None:
    """Test that every value, row and order is right after a week in which much goes wrong."""
    wrong, told = live(meters=4, days=7, seed=1)
    assert wrong == [], told
