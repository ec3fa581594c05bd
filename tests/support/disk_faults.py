"""A disk that fails, or a process that is killed, at one step of writing."""

from collections.abc import Callable
import errno
from functools import wraps
import os
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """The process ended: nothing that runs afterwards is part of it."""


class DiskFaults:
    """Counts the steps that change what is on disk, and lets one of them go wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand between the journal and the operating system."""
        self._steps = self._at = 0
        self._way = ""
        # What a kill leaves doesn't depend on it, and it takes most of the time.
        monkeypatch.setattr(os, "fsync", self._around(lambda _: None, "fsync"))
        for name in ("open", "write", "pwrite"):
            monkeypatch.setattr(os, name, self._around(getattr(os, name), name))
        for name in ("replace", "unlink", "rename"):
            monkeypatch.setattr(Path, name, self._around(getattr(Path, name), name))

    def arm(self, way: str, at: int) -> None:
        """Let a step to come go wrong: it "fails", all "breaks" from then on, or "killed" after it.

        What fails to write has written half.
        """
        self._steps, self._at, self._way = 0, at, way

    def disarm(self) -> bool:
        """Let nothing go wrong any more; tell if something did."""
        at, self._at = self._at, 0
        return self._steps >= at

    def _around(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return a function that may go wrong."""

        @wraps(function)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            """Count the step, and go wrong if it is the one."""
            self._steps += 1
            is_it = self._steps == self._at
            is_later = self._way == "breaks" and self._steps > self._at > 0
            if self._way != "killed" and (is_it or is_later):
                if name in {"write", "pwrite"}:
                    descriptor, content, *rest = args
                    function(descriptor, content[: len(content) // 2], *rest)
                raise OSError(errno.EIO, "Input/output error")
            result = function(*args, **kwargs)
            if is_it:
                raise Killed
            return result

        return faulty
