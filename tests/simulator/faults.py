"""Describe what may go wrong, and choose which call it hits."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

type Kind = Literal[
    "delay",
    "hang",
    "cut",
    "cut_body",
    "status",
    "html",
    "truncated",
    "code",
    "no_code",
    "redirect",
    "garbage",
    "oversized",
    "wrong",
]

PASSING = frozenset({"delay"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """Spoil matching calls: instead of their processing, or after it."""

    kind: Kind
    interface: str | None = None
    account: str | None = None
    user_code: str | None = None
    build_code: str | None = None
    times: int | None = 1
    """How many calls it hits; None for all until cleared."""
    when: Literal["before", "after"] = "before"
    """Before: nothing is processed. After: all is done (a recharge is booked)."""
    probability: float = 1.0
    skip: int = 0
    """How many matching calls pass first."""
    seconds: float | None = None
    """How long a delay (1 s) or a hang (until the client or the server goes) lasts."""
    status: int | None = None
    """HTTP status: 500 of `status`, 302 of `redirect`, 200 of the rest."""
    code: int | str | float | None = 1001
    """Return code of the kind `code`."""
    msg: str = "失败"
    location: str | None = None
    """Target of a redirect; without one a path of the simulator that records who follows."""
    body: bytes = b"\x00\xff\xfe\x80garbage\r\n\x00"
    """Body of the kind `garbage`."""
    content_type: str | None = None
    size: int = 5_000_000
    """Length of the kind `oversized`."""
    reply: Any = field(default_factory=lambda: {"code": 200, "msg": "操作成功", "data": 42})
    """JSON of the kind `wrong`."""
    hits: int = 0
    """How many calls it has hit."""


class Faults:
    """Keep the faults in force."""

    def __init__(self, seed: int) -> None:
        """Begin without any."""
        self.active: list[Fault] = []
        self._random = Random(seed)  # noqa: S311  seeded, to be repeated

    def choose(self, interface: str, params: dict[str, Any]) -> Fault | None:
        """Return the first fault that hits this call, and use it up by one."""
        for fault in self.active:
            if (
                fault.interface not in {None, interface}
                or fault.account not in {None, params.get("admin_user_name")}
                or fault.user_code not in {None, params.get("user_code")}
                or fault.build_code not in {None, params.get("build_code")}
            ):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
            return fault
        return None
