"""The errors that a call to the platform can end with, and the table of its return codes.

    PlatformError
    ├── NotSentError              the request never left
    │   ├── ConnectError          no connection was made
    │   ├── NotPermittedError     the platform is known not to permit this interface
    │   └── ContestedError        a login would be one too many
    ├── ExchangeError             the connection broke after it was made
    │   ├── ExchangeTimeoutError  no whole answer in time
    │   └── KeptConnectionError   it was one that was kept open, which the other side may end
    └── ReplyError                something answered
        ├── HttpStatusError       with another HTTP status than 200
        │   └── RedirectError     namely with a redirect, which is never followed
        ├── UnreadableReplyError  with something that isn't a reply of the platform
        ├── EmptyReplyError       with success, but with nothing about what was asked
        ├── IncompleteListError   with a list that may lack something
        └── ReturnCodeError       with another return code than 200
            ├── FailedError, AuthenticationError, NoApiPermissionError, TokenError,
            │   MissingParameterError, InterfaceDeniedError, CodeDeniedError,
            │   UnknownCodeError
            ├── QuotaError        a quota is used up
            └── RateLimitError    or an HTTP 429: called too soon

No error carries a password, a token or a whole reply.
"""

from datetime import datetime
import re
from typing import Final

from .interface import Interface

SUCCESS: Final = 200
FAILED: Final = 1001
NO_ACCOUNT: Final = 1002
WRONG_PASSWORD: Final = 1005
UNKNOWN_TOKEN: Final = 1006
EXPIRED_TOKEN: Final = 1007
MISSING_PARAMETER: Final = 1008
NOT_PERMITTED: Final = 1009


class PlatformError(Exception):
    """A call didn't succeed."""


class NotSentError(PlatformError):
    """The request never left: the platform can't have acted on it."""


class ConnectError(NotSentError):
    """No connection was made (name, route, TLS, connect timeout)."""


class CertificateError(ConnectError):
    """No connection was made: the certificate of the address isn't valid."""


class ExchangeError(PlatformError):
    """The connection broke: the platform may or may not have acted on the request."""


class ExchangeTimeoutError(ExchangeError):
    """No whole answer came in time: the platform may or may not have acted."""


class KeptConnectionError(ExchangeError):
    """A connection that was kept open broke: the other side may have closed it meanwhile."""


class NotPermittedError(NotSentError):
    """The platform doesn't permit this interface to the account."""

    def __init__(self, interface: Interface, until: datetime) -> None:
        """Remember the interface and when it may be tried again."""
        super().__init__(f"{interface} is not permitted for this account")
        self.interface = interface
        self.until = until


class ContestedError(NotSentError):
    """No login is due: somebody else's logins end our tokens, or there were many, or they fail."""

    def __init__(self, until: datetime) -> None:
        """Remember when the next login is due."""
        super().__init__("The next login with this account has to wait")
        self.until = until


class ReplyError(PlatformError):
    """Something answered, but not with success; `date` is the time of the answer, if it told."""

    date: datetime | None = None


class HttpStatusError(ReplyError):
    """The HTTP status was not 200."""

    def __init__(self, status: int) -> None:
        """Remember the status."""
        super().__init__(f"HTTP status {status}")
        self.status = status


class RedirectError(HttpStatusError):
    """The address redirects elsewhere; redirects are never followed."""

    def __init__(self, status: int, host: str) -> None:
        """Remember the host that the redirect points to."""
        super().__init__(status)
        self.args = (f"HTTP status {status}, a redirect to {host or 'nowhere'}",)
        self.host = host


class UnreadableReplyError(ReplyError):
    """The answer is not a reply of the platform: HTML, no JSON, no code, too large."""


class EmptyReplyError(ReplyError):
    """A success that holds nothing about what was asked, such as an unknown meter."""


class IncompleteListError(ReplyError):
    """A list of which it can't be told that it is whole, where that was asked for."""


class ReturnCodeError(ReplyError):
    """The platform answered with another return code than 200 (document, section 5)."""

    def __init__(self, code: int, message: str) -> None:
        """Remember the code and the platform's own words, free of secrets."""
        super().__init__(f"Return code {code}: {message}" if message else f"Return code {code}")
        self.code = code
        self.message = message


class FailedError(ReturnCodeError):
    """1001: the request failed."""


class NoApiPermissionError(ReturnCodeError):
    """1002 on a login: no such account, or it has no permission to use the API."""


class AuthenticationError(ReturnCodeError):
    """1005 on a login: the password is wrong."""


class TokenError(ReturnCodeError):
    """1006, 1007: the token is unknown or has expired."""


class MissingParameterError(ReturnCodeError):
    """1008: a parameter is missing, or the encoding of the body isn't the one expected."""


class InterfaceDeniedError(ReturnCodeError):
    """1009, or 1002 on another interface than the login: wrong token or not permitted."""


class CodeDeniedError(ReturnCodeError):
    """1002, 1009 about one code alone, which is somebody else's; the interface is permitted."""


class UnknownCodeError(ReturnCodeError):
    """A return code that the document doesn't name, or not for this interface."""


class QuotaError(ReturnCodeError):
    """1001 with words that mean a quota: all calls of a day, say, were made."""


class RateLimitError(ReturnCodeError):
    """The platform was called too soon (HTTP 429, or its message says so)."""


RETURN_CODES: Final[dict[int, type[ReturnCodeError]]] = {
    FAILED: FailedError,
    NO_ACCOUNT: InterfaceDeniedError,
    UNKNOWN_TOKEN: TokenError,
    EXPIRED_TOKEN: TokenError,
    MISSING_PARAMETER: MissingParameterError,
    NOT_PERMITTED: InterfaceDeniedError,
}
LOGIN_CODES: Final = RETURN_CODES | {
    NO_ACCOUNT: NoApiPermissionError,
    WRONG_PASSWORD: AuthenticationError,
}
# What the platform answers about a meter that it doesn't know.
UNKNOWN_METER: Final = (FailedError, EmptyReplyError, CodeDeniedError)
# The platform checks these before it does anything.
_DOOR_CHECK: Final = frozenset(
    {NO_ACCOUNT, WRONG_PASSWORD, UNKNOWN_TOKEN, EXPIRED_TOKEN, MISSING_PARAMETER, NOT_PERMITTED}
)
_TOO_SOON: Final = re.compile(
    r"频繁|頻繁|频率|頻率|过快|過快|太快|稍后|稍後|稍候|rate limit"
    r"|too (?:many|fast|frequent|often)",
    re.IGNORECASE,
)
_QUOTA: Final = re.compile(
    r"上限|超限|次数|次數|配额|配額|额度|額度|限额|限額|限量"
    r"|quota|daily.{0,20}(?:limit|max)|limit exceeded"
    r"|[今当當本每][天日月].{0,8}限|(?:访问|訪問|调用|調用|请求|請求)量.{0,8}[限满滿尽盡完]",
    re.IGNORECASE,
)
# What is too long, too many or too much then is what was asked for.
_OF_REQUEST: Final = re.compile(
    r"跨度|范围|区间|间隔|日期|时间|天数|月数|条|页|金额|参数|[0-9] *个?[天日月]"
)
_CALLS: Final = re.compile(r"次数|次數|配额|配額|额度|額度|quota", re.IGNORECASE)
# A quota is for a span, which no wait of seconds ends.
_SPAN_OF_QUOTA: Final = re.compile(r"[今当本每明次][天日月]|daily", re.IGNORECASE)


def error_for(
    code: int, message: str, table: dict[int, type[ReturnCodeError]] = RETURN_CODES
) -> ReturnCodeError:
    """Return the error for a return code other than 200."""
    is_quota = code == FAILED and _means_quota(message)
    if _TOO_SOON.search(message) and not (is_quota and _SPAN_OF_QUOTA.search(message)):
        return RateLimitError(code, message)
    if is_quota:
        return QuotaError(code, message)
    return table.get(code, UnknownCodeError)(code, message)


def _means_quota(message: str) -> bool:
    """Tell whether a failure is one of a quota, and not of what was asked for."""
    if not _QUOTA.search(message):
        return False
    return bool(_CALLS.search(message)) or not _OF_REQUEST.search(message)


def is_door_check(code: int | None) -> bool:
    """Tell whether a return code comes from a check before the platform does anything."""
    return code in _DOOR_CHECK


def is_general_failure(code: int | None) -> bool:
    """Tell whether a return code says no more than that the request failed."""
    return code == FAILED
