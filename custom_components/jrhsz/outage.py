"""What is logged when meters can't be read: one line down, one line up, whatever the fault.

Whether a failure is about one meter or about all is not in the answer, but in the answers to the
other meters: a failure waits for the next ones. If others fail too, the account is down; if one
succeeds, those before it fail alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .api import (
    AuthenticationError,
    Interface,
    NoApiPermissionError,
    NotSentError,
    PlatformError,
    QuotaError,
    Timed,
)
from .const import LOGGER

_ABOUT_ALL: Final = (AuthenticationError, NoApiPermissionError, NotSentError, QuotaError)
# So many meters that fail one after the other are no coincidence.
_IN_A_ROW: Final = 3
# Of so many meters that fail alone each is told; of the rest, that there are more.
_TOLD_ALONE: Final = 10
# So many lists in a row without a time are no accident.
_UNTIMED: Final = 2


@dataclass(slots=True)
class OutageWatch:
    """Tells outages of an account; `alone` are the meters that fail while others succeed.

    A failure counts when the meter's entities become unavailable for it. Those that failed in an
    outage and didn't succeed since are `doubted`: if they fail again after it, they fail alone.
    `_untimed` is how many answers in a row had no time that can be read, until that is told.
    """

    account: str
    is_down: bool = False
    alone: set[str] = field(default_factory=set)
    _waiting: dict[str, str] = field(default_factory=dict)
    _doubted: set[str] = field(default_factory=set)
    _told_more: bool = False
    _untimed: Counter[Interface] = field(default_factory=Counter)

    def note_times(self, user_code: str, interface: Interface, items: Sequence[Timed]) -> None:
        """Note a list of a meter, and tell once if none of the times in any can be read."""
        if not items or self._untimed[interface] == _UNTIMED:
            return
        is_untimed = all(item.time is None for item in items)
        self._untimed[interface] = self._untimed[interface] + 1 if is_untimed else 0
        if self._untimed[interface] < _UNTIMED:
            return
        LOGGER.warning(
            "None of the times can be read in what %s lists of meter %s, and maybe of others of "
            "account %s: nothing is made of these records",
            interface,
            user_code,
            self.account,
        )

    def note_untimed(self, user_code: str) -> None:
        """Note that none of a meter's times can be read, which is hardly one meter's fault."""
        if not self._untimed[Interface.METER]:
            self._untimed[Interface.METER] = _UNTIMED
            LOGGER.warning(
                "None of the times of meter %s can be read, and maybe of others of account %s: "
                "they count as silent when polls show the same reading for too long",
                user_code,
                self.account,
            )

    def note_failure(self, user_code: str, err: PlatformError, reason: str, *, meters: int) -> None:
        """Note that a meter of an account of so many failed, with a reason for people."""
        if self.is_down:
            self._doubted.add(user_code)
        elif user_code in self.alone:
            return
        elif user_code in self._doubted:
            self._tell_alone(user_code, reason)
        else:
            self._waiting[user_code] = reason
            if isinstance(err, _ABOUT_ALL) or len(self._waiting) >= min(meters, _IN_A_ROW):
                self.is_down = True
                self._doubted.update(self._waiting)
                self._waiting.clear()
                LOGGER.error("The meters of account %s can't be read: %s", self.account, reason)

    def note_success(self, user_code: str) -> None:
        """Note that a meter was read."""
        self._doubted.discard(user_code)
        self._waiting.pop(user_code, None)
        if self.is_down:
            self.is_down = False
            LOGGER.info("The meters of account %s can be read again", self.account)
        for code, reason in self._waiting.items():
            self._tell_alone(code, reason)
        self._waiting.clear()
        if user_code in self.alone:
            self.alone.discard(user_code)
            if not self._told_more:
                LOGGER.info("Meter %s can be read again", user_code)
            if not self.alone:
                self._told_more = False

    def _tell_alone(self, user_code: str, reason: str) -> None:
        """Tell that a meter can't be read while others can."""
        self._doubted.discard(user_code)
        self.alone.add(user_code)
        if len(self.alone) <= _TOLD_ALONE:
            LOGGER.error("Meter %s can't be read, others can: %s", user_code, reason)
        elif not self._told_more:
            self._told_more = True
            LOGGER.error("More meters of account %s can't be read", self.account)
