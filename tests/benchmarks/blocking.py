"""How long the event loop is busy with one step, and whose code it is busy with."""

from asyncio.events import Handle
import gc
import sys
from threading import Event, Thread, get_ident
from time import thread_time
from types import FrameType, TracebackType
from typing import Any, Self
from unittest.mock import patch

_SAMPLE_EVERY = 0.002
# Shorter steps are no matter, and would be hit by too few samples to tell anything.
_LONG = 0.02
_REGISTRATION = (
    "homeassistant/helpers/device_registry.py",
    "homeassistant/helpers/entity.py",
    "homeassistant/helpers/entity_platform.py",
    "homeassistant/helpers/entity_registry.py",
)


class Blocking:
    """Times every step of the loop of this thread, in seconds of processor time.

    `worst` is the longest step, `worst_own` the longest time that one step spent in a package
    without the registration of entities, `where` the place. None of it includes the garbage
    collector, which goes through all of Home Assistant's memory whenever it likes.
    """

    def __init__(self, package: str) -> None:
        """Watch for a package."""
        self.worst = 0.0
        self.worst_own = 0.0
        self.where = ""
        self._own = f"custom_components/{package}/"
        self._thread = get_ident()
        self._begun: float | None = None
        self._collecting = 0.0
        self._collected = 0.0
        self._samples: list[str | None] = []
        self._done = Event()
        self._sampler = Thread(target=self._sample, name="samples of what blocks", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        watch, run = self, Handle._run

        def timed(handle: Handle) -> None:
            """Run a step and time it."""
            watch._begin()
            try:
                run(handle)
            finally:
                watch._end()

        self._patch = patch.object(Handle, "_run", timed)
        self._patch.start()
        gc.callbacks.append(self._note_collection)
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End."""
        self._patch.stop()
        gc.callbacks.remove(self._note_collection)
        self._done.set()
        self._sampler.join()

    def _begin(self) -> None:
        """Note the begin of a step."""
        self._collected = 0.0
        self._samples = []
        self._begun = thread_time()

    def _end(self) -> None:
        """Note the end of a step."""
        if self._begun is None:
            return
        took = thread_time() - self._begun - self._collected
        self._begun = None
        self.worst = max(self.worst, took)
        if took < _LONG or not (samples := self._samples):
            return
        own = [place for place in samples if place]
        took_own = took * len(own) / len(samples)
        if took_own > self.worst_own:
            self.worst_own = took_own
            self.where = max(own, key=own.count)

    def _note_collection(self, phase: str, _: dict[str, Any]) -> None:
        """Note how long the garbage collector takes."""
        if get_ident() != self._thread:
            return
        if phase == "start":
            self._collecting = thread_time()
        else:
            self._collected += thread_time() - self._collecting

    def _sample(self) -> None:
        """Look again and again where the loop is, as long as a step takes."""
        while not self._done.wait(_SAMPLE_EVERY):
            if self._begun is not None:
                self._samples.append(self._place(sys._current_frames().get(self._thread)))

    def _place(self, frame: FrameType | None) -> str | None:
        """Return the innermost place in the package, unless it is in registering entities."""
        while frame is not None:
            file = frame.f_code.co_filename
            if self._own in file:
                return f"{file.rpartition('/')[2]}:{frame.f_lineno} {frame.f_code.co_name}"
            if file.endswith(_REGISTRATION):
                return None
            frame = frame.f_back
        return None
