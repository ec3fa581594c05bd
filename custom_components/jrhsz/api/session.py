"""One account of the platform: its token, its logins, and what was learnt about it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from .errors import (
    LOGIN_CODES,
    SUCCESS,
    AuthenticationError,
    ConnectError,
    MissingParameterError,
    NoApiPermissionError,
    NotPermittedError,
    NotSentError,
    PlatformError,
    QuotaError,
    RateLimitError,
    ReplyError,
    ReturnCodeError,
    UnreadableReplyError,
    error_for,
)
from .habits import Habits
from .interface import Interface
from .login import Logins, Token
from .pacer import Pacer
from .permissions import Permissions, aware
from .quota import Quota
from .reply import Reply
from .transport import Encoding, Http, post
from .turns import Turn
from .window import Dates

_MAX_TOKEN: Final = 4096
_LISTED_BY_DATE: Final = (Interface.PAYMENTS, Interface.CONSUMPTION)
# From the most telling answer to a login to the least: which of two encodings was understood.
_TELLING: Final = (
    AuthenticationError,
    NoApiPermissionError,
    RateLimitError,
    ReturnCodeError,
    ReplyError,
)


class Session:
    """The login of one account, shared by everything that uses it.

    `base_url` is the platform's address without `/user`. Call `use` with credentials first.
    `on_change` is called when something changed that `as_dict` should be saved for, with `True`
    if that is a new token.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        pacer: Pacer,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Start without credentials or token."""
        self.base_url = base_url
        self.username = username
        self.pacer = pacer
        self.now = now
        self.encoding = Encoding.FORM
        self.habits = {interface: Habits() for interface in _LISTED_BY_DATE}
        self.quota = Quota()
        self.refusal: AuthenticationError | NoApiPermissionError | None = None
        self.on_change: Callable[[bool], None] = lambda _: None
        self._password = ""
        self._http: Http | None = None
        self._token: Token | None = None
        self._lock = asyncio.Lock()
        self._logins = Logins()
        self._permissions = Permissions()
        self._ahead: timedelta | None = None

    def __repr__(self) -> str:
        """Show neither password nor token."""
        return f"<Session {self.base_url}>"

    def use(self, password: str, http: Http) -> None:
        """Use these credentials from now on; a refusal of earlier ones is forgotten."""
        if password != self._password:
            self._permissions.clear()
        self._password = password
        self._http = http
        self.refusal = None

    @property
    def has_credentials(self) -> bool:
        """Tell whether there is a password to log in with."""
        return self._http is not None

    def forget_credentials(self) -> None:
        """Forget password and token of an account that was removed; pace and logins stay."""
        self._password, self._http, self._token, self.refusal = "", None, None, None
        self._permissions.clear()

    async def sign_in(self, password: str, http: Http) -> None:
        """Log in with credentials that a person typed, and use them if they are right.

        The encoding of bodies is found here: a form, then JSON once, unless the platform's
        answer to the form shows that it was understood. Raises a PlatformError; what was used
        before stays in use then.
        """
        async with self._lock:
            try:
                token = await self._log_in(password, http, self.encoding)
            except AuthenticationError, RateLimitError:
                raise
            except ReplyError as first:
                other = self.encoding.other
                try:
                    token = await self._log_in(password, http, other)
                except ReplyError as second:
                    telling = min(first, second, key=_rank)
                    if isinstance(second, AuthenticationError):
                        self.note_encoding(other)
                    raise telling from None
                self.encoding = other
            self.use(password, http)
            self._permissions.clear()
            self._adopt(token)

    async def token(self) -> Token:
        """Return a valid token, logging in if there is none; callers at once share one login.

        Raises AuthenticationError or NoApiPermissionError once the platform refused the
        credentials, without asking it again; ContestedError while no login is due; any other
        PlatformError if the login failed.
        """
        if self._token and self._token.is_valid(self.now()):
            return self._token
        async with self._lock:
            if self._token and self._token.is_valid(self.now()):
                return self._token
            if self.refusal:
                # The traceback of a shared error would grow with every raise.
                raise type(self.refusal)(self.refusal.code, self.refusal.message)
            self._logins.raise_if_none_is_due(self.now())
            self.quota.begin(Interface.LOGIN, self.now())
            if self._http is None:
                msg = "No credentials are in use"
                raise RuntimeError(msg)
            try:
                token = await self._log_in_anyhow(self._password, self._http)
            except (AuthenticationError, NoApiPermissionError) as err:
                self.refusal = type(err)(err.code, err.message)
                self.on_change(False)
                raise
            except NotSentError, QuotaError, RateLimitError:
                raise
            except PlatformError:
                self._logins.failures += 1
                raise
            self._adopt(token)
            return token

    async def send(
        self, interface: Interface, fields: dict[str, str | int], token: Token, encoding: Encoding
    ) -> Reply:
        """Send one request with a token, now, and return the reply with any return code."""
        if self._http is None:
            msg = "No credentials are in use"
            raise RuntimeError(msg)
        is_order = interface is Interface.RECHARGE
        try:
            reply = await post(
                self._http.single if is_order else self._http.kept,
                f"{self.base_url}/user/{interface}",
                {"token": token.value, "admin_user_name": self.username, **fields},
                encoding,
            )
        except ReplyError as err:
            self._note_date(err.date)
            raise
        self._note_date(reply.date)
        return reply.without(self._password, token.value)

    def _note_date(self, date: datetime | None) -> None:
        """Note what the platform's clock showed, if it told."""
        if date is not None:
            self._ahead = date - self.now()

    def end(self, token: Token) -> None:
        """Stop using a token that the platform no longer knows."""
        if self._token is not token:
            return
        young = token.is_young(self.now())
        self._logins.young_ends = self._logins.young_ends + 1 if young else 0
        self._token = None
        self.on_change(False)

    def confirm(self, token: Token, interface: Interface, subject: str = "") -> None:
        """Note a success: it ends a denial, and a contest if the token got old without trouble."""
        permitted = self._permissions.confirm(interface, subject)
        calm = self._logins.young_ends and not token.is_young(self.now())
        if calm:
            self._logins.young_ends = 0
        if permitted or calm:
            self.on_change(False)

    @property
    def token_age(self) -> timedelta | None:
        """Return the age of the token in use."""
        return self._token.age(self.now()) if self._token else None

    @property
    def platform_now(self) -> datetime | None:
        """Return what the platform's clock shows now, if its last answers told."""
        return None if self._ahead is None else self.now() + self._ahead

    @property
    def proven_dates(self) -> set[Dates]:
        """Return the forms of dates that have shown records.

        Readings are there for every meter; payments, where there are any, are the better proof.
        """
        return self.habits[Interface.PAYMENTS].shown or self.habits[Interface.CONSUMPTION].shown

    @property
    def contested(self) -> bool:
        """Tell whether somebody else's logins seem to end our tokens."""
        return self._logins.contested

    @property
    def denied(self) -> dict[Interface, datetime]:
        """Return the interfaces known not to be permitted, and until when that is believed."""
        return self._permissions.denied(self.now())

    @property
    def last_denied(self) -> set[Interface]:
        """Return the interfaces that were not permitted when they were called last."""
        return set(self._permissions.denials)

    def deny(self, interface: Interface) -> NotPermittedError:
        """Remember for 24 hours that an interface isn't permitted; return the error to raise."""
        error = self._permissions.deny(interface, self.now())
        self.on_change(False)
        return error

    def allow(self, interface: Interface) -> None:
        """Let an interface be tried again, because a person says so."""
        if self._permissions.denials.pop(interface, None):
            self.on_change(False)

    def ask_again(self) -> None:
        """Let the login and all that wasn't permitted be tried again, because a person says so."""
        for interface in self.last_denied:
            self.allow(interface)
        if isinstance(self.refusal, NoApiPermissionError):
            self.refusal = None
            self.on_change(False)

    def has_answered(self, interface: Interface) -> bool:
        """Tell whether an interface has answered about anything."""
        return bool(self._permissions.witnesses.get(interface))

    def is_denied_to(self, interface: Interface, subject: str) -> bool:
        """Tell whether a denial is about its subject alone, and not about the account."""
        return self._permissions.is_about_subject(interface, subject)

    def raise_if_denied(self, interface: Interface) -> None:
        """Raise NotPermittedError if the interface is known not to be permitted."""
        if until := self.denied.get(interface):
            raise NotPermittedError(interface, until)

    def note_answer(self, interface: Interface, error: ReturnCodeError | None) -> None:
        """Note what an answer tells of quotas."""
        if self.quota.note(interface, error, self.now()):
            self.on_change(False)

    def note_encoding(self, encoding: Encoding) -> None:
        """Remember in which encoding the platform reads what it is sent."""
        if encoding is not self.encoding:
            self.encoding = encoding
            self.on_change(False)

    def as_dict(self) -> dict[str, Any]:
        """Return what is worth keeping over a restart, JSON-ready. It contains the token."""
        return {
            "base_url": self.base_url,
            "token": self._token.value if self._token else None,
            "token_born": self._token.born.isoformat() if self._token else None,
            "encoding": self.encoding.value,
            "habits": {name.value: habits.as_dict() for name, habits in self.habits.items()},
            "logins": [login.isoformat() for login in self._logins.times],
            "young_ends": self._logins.young_ends,
            **self._permissions.as_dict(),
        }

    def restore(self, kept: dict[str, Any]) -> Self:
        """Take over what `as_dict` gave, unless this session has a token or another address.

        Raises KeyError, TypeError or ValueError, and changes nothing, if it isn't of that form.
        """
        if self._token or kept["base_url"] != self.base_url:
            return self
        token = None
        if kept["token"] is not None:
            token = Token(_typed(str, kept["token"]), aware(kept["token_born"]))
        encoding = Encoding(kept["encoding"])
        habits = {name: Habits.from_dict(kept["habits"][name]) for name in _LISTED_BY_DATE}
        logins = Logins([aware(login) for login in kept["logins"]], _typed(int, kept["young_ends"]))
        permissions = Permissions.from_dict(kept)
        self._token, self.encoding, self.habits = token, encoding, habits
        self._logins, self._permissions = logins, permissions
        return self

    async def _log_in_anyhow(self, password: str, http: Http) -> Token:
        """Log in, in the other encoding if the platform can't find the fields in this one."""
        try:
            return await self._log_in(password, http, self.encoding)
        except MissingParameterError:
            token = await self._log_in(password, http, self.encoding.other)
        self.encoding = self.encoding.other
        return token

    async def _log_in(self, password: str, http: Http, encoding: Encoding) -> Token:
        """Log in once, at the pace of logins."""

        async def prepare() -> datetime:
            """Note the login and return its time."""
            born = self.now()
            self._logins.begin(born)
            return born

        async def exchange(born: datetime) -> Reply:
            """Send the login."""
            try:
                reply = await post(
                    http.single,
                    f"{self.base_url}/user/{Interface.LOGIN}",
                    {"admin_user_name": self.username, "api_password": password},
                    encoding,
                )
            except ConnectError:
                self._logins.forget(born)
                raise
            return reply.without(password)

        born, reply = await self.pacer.run(Interface.LOGIN, Turn(), prepare, exchange)
        error = None
        if reply.code != SUCCESS:
            error = error_for(reply.code, reply.message, LOGIN_CODES)
        self.note_answer(Interface.LOGIN, error)
        if error is not None:
            raise error
        value = reply.data
        if not isinstance(value, str) or not _is_token(value):
            msg = "The login was answered without a token"
            raise UnreadableReplyError(msg)
        return Token(value, born)

    def _adopt(self, token: Token) -> None:
        """Use a new token."""
        self._token = token
        self._logins.failures = 0
        self.on_change(True)


def _is_token(value: str) -> bool:
    """Tell whether a text can be a token."""
    return 0 < len(value) <= _MAX_TOKEN and value.isprintable()


def _rank(answer: ReplyError) -> int:
    """Return how little an answer to a login tells."""
    return next(rank for rank, kind in enumerate(_TELLING) if isinstance(answer, kind))


def _typed[ValueT](kind: type[ValueT], value: object) -> ValueT:
    """Return a value of the kind that it must have."""
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value
