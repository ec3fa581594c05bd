"""A recorder that is a dictionary: what Home Assistant's statistics do with rows, in no time."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE

_RECORDER: Final = "custom_components.jrhsz.importer.recorder"


class _Done:
    """A future that never makes anybody wait."""

    def set_result(self, _: None) -> None:
        """Do nothing: what is waited for is done at once."""

    def done(self) -> bool:
        """Tell that it is done."""
        return True

    def __await__(self) -> Generator[None]:
        """Return at once."""
        yield from ()


class Memory:
    """The rows (state, sum) of statistics by the start of their hours."""

    def __init__(self) -> None:
        """Begin without any."""
        self.rows: dict[str, dict[int, tuple[float, float]]] = {}
        self._starts: dict[str, list[int]] = {}

    @contextmanager
    def as_recorder(self) -> Iterator[HomeAssistant]:
        """Let the product take this for Home Assistant's recorder."""
        hass = SimpleNamespace(
            data={DATA_INSTANCE: self},
            config=SimpleNamespace(language="en"),
            loop=SimpleNamespace(create_future=_Done),
            async_add_executor_job=self.async_add_executor_job,
        )
        with patch.multiple(
            _RECORDER,
            get_instance=lambda _: self,
            statistics_during_period=self._during_period,
            get_last_statistics=self._last,
            async_add_external_statistics=self._add,
            async_get_translations=self._translations,
        ):
            yield cast(HomeAssistant, hass)

    async def async_add_executor_job(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run something at once."""
        return function(*arguments)

    def is_alive(self) -> bool:
        """Tell that there is a database."""
        return True

    def queue_task(self, task: Any) -> None:
        """Do nothing: rows are written when they come."""

    def _during_period(
        self,
        _: HomeAssistant,
        start: datetime,
        end: datetime | None,
        names: set[str],
        *__: Any,
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of a span; what changed is what the sum was before it to begin with."""
        found = {}
        for name in names:
            rows, starts = self.rows.get(name, {}), self._starts.get(name, [])
            first = bisect_left(starts, start.timestamp())
            last = len(starts) if end is None else bisect_left(starts, end.timestamp())
            before = rows[starts[first - 1]][1] if first else 0.0
            listed = []
            for hour in starts[first:last]:
                state, total = rows[hour]
                listed.append(
                    {"start": float(hour), "state": state, "sum": total, "change": total - before}
                )
                before = total
            if listed:
                found[name] = listed
        return found

    def _last(
        self, _: HomeAssistant, __: int, name: str, *___: Any
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the last row."""
        if not (starts := self._starts.get(name)):
            return {}
        state, total = self.rows[name][starts[-1]]
        return {name: [{"start": float(starts[-1]), "state": state, "sum": total}]}

    def _add(self, _: HomeAssistant, metadata: Any, rows: Iterable[Any]) -> None:
        """Write rows over those of the same hours."""
        name = metadata["statistic_id"]
        known = self.rows.setdefault(name, {})
        known |= {int(row["start"].timestamp()): (row["state"], row["sum"]) for row in rows}
        self._starts[name] = sorted(known)

    async def _translations(self, *_: Any) -> dict[str, str]:
        """Return the same text for everything."""
        return defaultdict(lambda: "{meter}")
