"""Counts what code does, which unlike its time is the same on every machine."""

import sys
from types import CodeType, TracebackType
from typing import Any, Final, Self

_TOOL: Final = 4
_PACKAGE: Final = "custom_components/jrhsz/recharge/"


class Steps:
    """Counts the lines and rounds of loops that the package of recharges takes, in any thread."""

    def __init__(self) -> None:
        """Begin at none."""
        self.count = 0

    def __enter__(self) -> Self:
        """Count."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "steps")
        for event in (monitoring.events.LINE, monitoring.events.JUMP):
            monitoring.register_callback(_TOOL, event, self._step)
        monitoring.set_events(_TOOL, monitoring.events.LINE | monitoring.events.JUMP)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)

    def _step(self, code: CodeType, *_: object) -> Any:
        """Count a step, and never look at other code again."""
        if _PACKAGE not in code.co_filename:
            return sys.monitoring.DISABLE
        self.count += 1
        return None
