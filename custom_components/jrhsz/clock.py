"""The time as history counts it."""

from homeassistant.util import dt as dt_util


def seconds_now() -> int:
    """Return the seconds since 1970."""
    return int(dt_util.utcnow().timestamp())
