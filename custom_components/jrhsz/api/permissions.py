"""Which interfaces the platform permits to an account, and whom a denial is about."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from .errors import NotPermittedError
from .interface import Interface

DENIAL_LIFE: Final = timedelta(hours=24)
_WITNESSES: Final = 2
# The first denial of these may be about whom they were asked for; what else is asked about a meter
# follows after it was read.
_ABOUT_WHOM: Final = frozenset({Interface.METER, Interface.ROOMS, Interface.ROOMS_AT_ADDRESS})


@dataclass(slots=True)
class Permissions:
    """What is known of an account's permissions.

    `denials` says until when an interface counts as not permitted. `witnesses` are the subjects (a
    meter, a building) that an interface answered about last: while one of them isn't denied too,
    a denial is about its subject alone, which belongs to somebody else or has moved. Where nothing
    was answered yet, the first denial is: the next one, of whichever subject, is about the account.
    """

    denials: dict[Interface, datetime] = field(default_factory=dict)
    witnesses: dict[Interface, list[str]] = field(default_factory=dict)
    _denied: dict[Interface, set[str]] = field(default_factory=dict)

    def confirm(self, interface: Interface, subject: str) -> bool:
        """Note a success, and tell whether it ended a denial."""
        self._denied.pop(interface, None)
        denied = self.denials.pop(interface, None)
        known = self.witnesses.get(interface, [])
        if subject and subject not in known:
            self.witnesses[interface] = [*known, subject][-_WITNESSES:]
        return denied is not None

    def is_about_subject(self, interface: Interface, subject: str) -> bool:
        """Tell whom a denial is about: its subject, or the whole account."""
        denied = self._denied.setdefault(interface, set())
        is_first = not denied and subject != "" and interface in _ABOUT_WHOM
        denied.add(subject)
        witnesses = self.witnesses.get(interface)
        return not denied.issuperset(witnesses) if witnesses else is_first

    def deny(self, interface: Interface, now: datetime) -> NotPermittedError:
        """Remember for 24 hours that an interface isn't permitted; return the error to raise."""
        self.denials[interface] = until = now + DENIAL_LIFE
        return NotPermittedError(interface, until)

    def denied(self, now: datetime) -> dict[Interface, datetime]:
        """Return the interfaces known not to be permitted, and until when that is believed."""
        return {
            name: until for name, until in self.denials.items() if now < until <= now + DENIAL_LIFE
        }

    def clear(self) -> None:
        """Forget the denials: somebody has had something changed."""
        self.denials.clear()
        self._denied.clear()

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {
            "denials": {name.value: until.isoformat() for name, until in self.denials.items()},
            "witnesses": {name.value: [*codes] for name, codes in self.witnesses.items()},
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read what `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
        denials, witnesses = dict(kept["denials"]), dict(kept["witnesses"])
        return cls(
            {Interface(name): aware(until) for name, until in denials.items()},
            {Interface(name): [*map(str, codes)] for name, codes in witnesses.items()},
        )


def aware(value: str) -> datetime:
    """Return an aware time from its ISO form."""
    if (time := datetime.fromisoformat(value)).tzinfo is None:
        raise ValueError(value)
    return time
