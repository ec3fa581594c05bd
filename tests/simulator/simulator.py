"""Put world, accounts, faults and server together."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import time
from typing import Any, Self

from .accounts import Accounts
from .dialect import Dialect
from .faults import Fault, Faults
from .meter import SimMeter
from .pace import Call, Pace
from .platform import Platform
from .records import Payment
from .server import Server
from .world import Recharge, World


def real_clock() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


class Simulator:
    """Stand in for the platform; see the package's docstring."""

    def __init__(
        self,
        *,
        meters: int = 8,
        limit: float = 2.0,
        seed: int = 1,
        dialect: Dialect | None = None,
        upload_every: int = 3600,
        clock: Callable[[], datetime] = real_clock,
        monotonic: Callable[[], float] = time.monotonic,
        accounts: Mapping[str, str] | None = None,
        delay: float = 0.0,
        jitter: float = 0.0,
        history_days: int = 400,
        consumption: float = 1.0,
        wechat: bool = True,
    ) -> None:
        """Build the world; nothing listens before `start`."""
        self.world = World(
            meters=meters,
            seed=seed,
            upload_every=upload_every,
            clock=clock,
            history_days=history_days,
            consumption=consumption,
            wechat=wechat,
        )
        self.accounts = Accounts(dict(accounts or {"demo": "demo-password"}))
        self.platform = Platform(self.world, self.accounts, dialect or Dialect())
        self.faults = Faults(seed)
        self.pace = Pace(limit)
        self.strays: list[tuple[str, str]] = []
        self.delay = delay
        self.jitter = jitter
        self.monotonic = monotonic
        self._seed = seed
        self._server: Server | None = None
        self.host = "127.0.0.1"
        self.port = 0

    # The world.

    @property
    def url(self) -> str:
        """Return the address to configure."""
        return f"http://{self.host}:{self.port}"

    @property
    def dialect(self) -> Dialect:
        """Return the dialect in force."""
        return self.platform.dialect

    @property
    def meters(self) -> dict[str, SimMeter]:
        """Return the meters by user code."""
        return self.world.meters

    @property
    def ledger(self) -> list[Recharge]:
        """Return the orders that `Prestore` has booked."""
        return self.world.ledger

    def now(self) -> datetime:
        """Return the world's time."""
        return self.world.now()

    def advance(self, seconds: float) -> None:
        """Move the world's time, not the pace's."""
        self.world.offset += timedelta(seconds=seconds)

    def add_meter(self, **details: Any) -> SimMeter:
        """Install a meter; see `World.add_meter` for the details."""
        return self.world.add_meter(**details)

    def remove_meter(self, user_code: str) -> None:
        """Take a meter away for good."""
        self.world.meters[user_code].remove()

    def add_payment(self, user_code: str, amount: Decimal | str, **details: Any) -> Payment:
        """Let somebody pay."""
        return self.world.meters[user_code].add_payment(amount, **details)

    # Counts.

    @property
    def limit(self) -> float:
        """Return the seconds between calls of one interface."""
        return self.pace.limit

    @property
    def calls(self) -> list[Call]:
        """Return all calls since the counts were reset."""
        return self.pace.calls

    def calls_of(self, interface: str) -> list[Call]:
        """Return the calls of one interface."""
        return [call for call in self.pace.calls if call.interface == interface]

    @property
    def early_by_arrival(self) -> dict[str, int]:
        """Return early calls by interface, from arrival to arrival."""
        return {name: count for name, count in self.pace.by_arrival.items() if count}

    @property
    def early_by_answer(self) -> dict[str, int]:
        """Return early calls by interface, from answer to arrival."""
        return {name: count for name, count in self.pace.by_answer.items() if count}

    @property
    def early(self) -> int:
        """Return the sum of both counts."""
        return sum(self.pace.by_arrival.values()) + sum(self.pace.by_answer.values())

    def reset_counts(self) -> None:
        """Forget calls, counts and strays."""
        self.pace.reset()
        self.strays.clear()

    # What tests do to it.

    def set_dialect(self, **changes: Any) -> None:
        """Change the dialect from now on."""
        self.platform.dialect = self.platform.dialect.changed(**changes)

    def set_password(self, account: str, password: str) -> None:
        """Change a password; the account's tokens end."""
        self.accounts.set_password(account, password)

    def expire_tokens(self, account: str | None = None) -> None:
        """Let tokens expire (1007)."""
        self.accounts.expire(account)

    def forget_tokens(self, account: str | None = None) -> None:
        """Lose tokens (1006)."""
        self.accounts.forget(account)

    def rival_login(self, account: str = "demo") -> str:
        """Log in as somebody else with the same account, uncounted, and return the token."""
        password = self.accounts.passwords[account]
        return self.accounts.login(account, password, self.now(), self.dialect)

    def restrict(self, account: str, user_codes: set[str] | None) -> None:
        """Show an account these meters only, or all again."""
        self.accounts.visible.pop(account, None)
        if user_codes is not None:
            self.accounts.visible[account] = frozenset(user_codes)

    def deny_api(self, account: str, *, denied: bool = True) -> None:
        """Take an account's API permission (1002), or give it back."""
        (self.accounts.no_api.add if denied else self.accounts.no_api.discard)(account)

    def add_fault(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self.faults.active.append(fault)
        return fault

    def clear_faults(self) -> None:
        """End all faults; calls that hang go on hanging."""
        self.faults.active.clear()

    # HTTP.

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; may be called again after `stop`, and the world is as it was left."""
        server = Server(self, self._seed)
        self.host, self.port = await server.start(host, port)
        self._server = server

    async def stop(self) -> None:
        """End everything that waits, and close."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def __aenter__(self) -> Self:
        """Listen on any port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.stop()
