"""A quota that is used up: one probe an hour tells when it is there again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from .errors import QuotaError, ReturnCodeError
from .interface import Interface

_PROBE_EVERY: Final = timedelta(hours=1)
# For so long a probe may be under way.
_PROBE: Final = timedelta(minutes=1)
_NEVER: Final = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class Quota:
    """What an account's platform refuses because a quota is used up.

    Nobody says whether a quota is for an interface or for all: so what wasn't refused is asked on,
    and all that was is asked for once an hour together.
    """

    _refused: dict[Interface, QuotaError] = field(default_factory=dict)
    _probe_at: datetime = _NEVER

    @property
    def used_up(self) -> set[Interface]:
        """Return the interfaces that were refused when they were called last."""
        return set(self._refused)

    def raise_if_used_up(self, interface: Interface, now: datetime) -> None:
        """Raise the platform's own words while no probe is due."""
        if (refused := self._refused.get(interface)) is None:
            return
        # A clock that was set back must not put the probe off.
        if now < self._probe_at <= now + _PROBE_EVERY:
            # The traceback of a shared error would grow with every raise.
            raise QuotaError(refused.code, refused.message)

    def begin(self, interface: Interface, now: datetime) -> None:
        """Begin a call, which is the only one for a while if the interface was refused."""
        self.raise_if_used_up(interface, now)
        if interface in self._refused:
            self._probe_at = now + _PROBE

    def note(self, interface: Interface, answer: ReturnCodeError | None, now: datetime) -> bool:
        """Note an answer, and tell whether it ended a refusal; then all may be asked again."""
        if isinstance(answer, QuotaError):
            self._refused[interface] = answer
            self._probe_at = now + _PROBE_EVERY
            return False
        if interface not in self._refused:
            return False
        self._refused.clear()
        return True
