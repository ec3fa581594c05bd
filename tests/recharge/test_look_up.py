"""Tests of the span in which an order is looked for."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.recharge.look_up import window

from ..support.recharges import an_order

DAY = timedelta(days=1)


def test_clock_that_was_set(freezer: FrozenDateTimeFactory) -> None:
    """Test that the list is read a day around now and around when the orders were sent."""
    now = dt_util.utcnow()
    assert window([an_order("A")]) == (now - DAY, now + DAY)
    ahead, behind = an_order("B", sent=now + 3 * DAY), an_order("C", sent=now - 5 * DAY)
    assert window([ahead]) == (now - DAY, now + 4 * DAY)
    assert window([ahead, behind]) == (now - 6 * DAY, now + 4 * DAY)
