"""What is remembered of a meter's balance: the last known one, and whether it is low."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .api import MeterInfo, MeterKind, number
from .settings import Settings

_CLEARLY: Final = Decimal("0.05")
_CLEARLY_AT_LEAST: Final = Decimal("0.50")
_NEAR: Final = Decimal("0.25")
_NEAR_AT_LEAST: Final = Decimal(5)


@dataclass(frozen=True, slots=True)
class BecameLow:
    """A balance became low: what it was before, and what it is, in yuan."""

    before: Decimal
    after: Decimal


class BalanceWatch:
    """Watches one meter's balance.

    A balance at or below the threshold is low until it is clearly above it: otherwise each
    correction by some cents would be a new alarm. A balance that isn't known changes nothing.
    That it became low is decided here, once for each fall, and waits as `untold_fall` until
    somebody could be told. The first balance of a meter is no fall.
    """

    def __init__(self, settings: Settings) -> None:
        """Start with the thresholds of the account and nothing known."""
        self.last: Decimal | None = None
        self.is_low = False
        self.override: Decimal | None = None
        self.untold_fall: BecameLow | None = None
        self._kind: MeterKind | None = None
        self._settings = settings

    @property
    def account_threshold(self) -> Decimal:
        """Return the account's threshold for meters of this kind."""
        if self._kind is MeterKind.WATER:
            return self._settings.low_balance_water
        return self._settings.low_balance

    @property
    def threshold(self) -> Decimal:
        """Return the threshold that holds for this meter."""
        return self.account_threshold if self.override is None else self.override

    @property
    def is_near(self) -> bool:
        """Tell whether the last balance is low, or will be soon."""
        if self.last is None:
            return False
        return self.last <= self.threshold + max(self.threshold * _NEAR, _NEAR_AT_LEAST)

    def note(self, info: MeterInfo) -> None:
        """Take in an answer."""
        self._kind = info.kind
        if info.balance is None:
            return
        before, self.last = self.last, info.balance
        threshold = self.threshold
        if info.balance <= threshold:
            self._become_low(before)
        elif info.balance >= threshold + max(threshold * _CLEARLY, _CLEARLY_AT_LEAST):
            self.is_low = False

    def _become_low(self, before: Decimal | None) -> None:
        """Note that the balance is low now, which is news if it wasn't before."""
        if not self.is_low and before is not None and self.last is not None:
            self.untold_fall = BecameLow(before, self.last)
        self.is_low = True

    def set_threshold(self, threshold: Decimal) -> None:
        """Use this threshold from now on; the account's own one is no override."""
        self.override = None if threshold == self.account_threshold else threshold
        self._judge_anew()

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        return {
            "last": None if self.last is None else f"{self.last:f}",
            "low": self.is_low,
            "threshold": f"{self.threshold:f}",
            "override": None if self.override is None else f"{self.override:f}",
            "untold": None
            if self.untold_fall is None
            else [f"{self.untold_fall.before:f}", f"{self.untold_fall.after:f}"],
        }

    def restore(self, kept: Any, info: MeterInfo | None) -> None:
        """Take over what `as_dict` gave; a threshold that changed meanwhile is applied anew."""
        self._kind = info.kind if info else None
        if isinstance(kept, dict):
            self.last = number(kept.get("last"))
            self.override = number(kept.get("override"))
            self.is_low = kept.get("low") is True
            self.untold_fall = _fall(kept.get("untold"))
            if number(kept.get("threshold")) != self.threshold:
                self._judge_anew()
        elif info:
            self.note(info)

    def _judge_anew(self) -> None:
        """Tell whether the balance is low by another threshold; above it, it never was."""
        if self.last is not None and self.last <= self.threshold:
            self._become_low(self.last)
        else:
            self.is_low = False


def _fall(kept: Any) -> BecameLow | None:
    """Return a fall that was kept."""
    match kept:
        case [str(first), str(second)]:
            before, after = number(first), number(second)
            return BecameLow(before, after) if before is not None and after is not None else None
        case _:
            return None
