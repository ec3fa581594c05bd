"""Keep accounts and their tokens."""

from base64 import b64encode
from datetime import datetime, timedelta

from .dialect import Dialect
from .replies import dump


class Refusal(Exception):  # noqa: N818  not an error of the simulator
    """Carry a return code other than 200."""

    def __init__(self, code: int, msg: str | None = None) -> None:
        """Keep code and message."""
        super().__init__(code)
        self.code = code
        self.msg = msg


class Accounts:
    """Issue tokens in the documented form, and judge them."""

    def __init__(self, passwords: dict[str, str]) -> None:
        """Open accounts."""
        self.passwords = dict(passwords)
        self.no_api: set[str] = set()
        self.visible: dict[str, frozenset[str]] = {}
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._expired: set[str] = set()
        self._last_second = 0

    def login(self, name: str, password: str, now: datetime, dialect: Dialect) -> str:
        """Return a new token."""
        if name not in self.passwords or name in self.no_api or "login" in dialect.forbidden:
            raise Refusal(1002)
        if password != self.passwords[name]:
            raise Refusal(1005)
        if dialect.new_login == "ends":
            self.forget(name)
        self._last_second = max(int(now.timestamp()), self._last_second + 1)
        content = {"admin_user_name": name, "api_password": password, "time": self._last_second}
        token = b64encode(dump(content).encode()).decode()
        self._tokens[token] = name, now
        return token

    def check(self, token: str, name: str, now: datetime, dialect: Dialect) -> None:
        """Refuse a token that does not serve this account now."""
        if name not in self.passwords or name in self.no_api:
            raise Refusal(1002)
        known = self._tokens.get(token)
        if known is None:
            raise Refusal(1006)
        owner, issued = known
        if owner != name:
            raise Refusal(1009)
        if token in self._expired or now - issued >= timedelta(seconds=dialect.token_life):
            raise Refusal(1007)

    def set_password(self, name: str, password: str) -> None:
        """Change a password, or open an account; its tokens end, for they hold the old one."""
        self.passwords[name] = password
        self.forget(name)

    def expire(self, name: str | None = None) -> None:
        """Let the tokens expire (1007)."""
        self._expired |= {
            token for token, (owner, _) in self._tokens.items() if name in {None, owner}
        }

    def forget(self, name: str | None = None) -> None:
        """Lose the tokens (1006)."""
        self._tokens = {
            token: known
            for token, known in self._tokens.items()
            if name is not None and known[0] != name
        }

    def sees(self, name: str, user_code: str) -> bool:
        """Return whether a meter belongs to an account."""
        return name not in self.visible or user_code in self.visible[name]
