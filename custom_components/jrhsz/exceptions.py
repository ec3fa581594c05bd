"""The one place where an error of the platform becomes a message for a person."""

from typing import TypedDict

from .api import (
    AuthenticationError,
    CertificateError,
    CodeDeniedError,
    ConnectError,
    ContestedError,
    EmptyReplyError,
    ExchangeError,
    ExchangeTimeoutError,
    HttpStatusError,
    IncompleteListError,
    NoApiPermissionError,
    NotPermittedError,
    NotSentError,
    PlatformError,
    QuotaError,
    RateLimitError,
    RedirectError,
    ReturnCodeError,
    UnreadableReplyError,
)
from .const import DOMAIN

# From the special to the general: the first class that fits gives the message.
_KEYS: tuple[tuple[type[PlatformError], str], ...] = (
    (NotPermittedError, "not_permitted"),
    (ContestedError, "contested"),
    (CertificateError, "invalid_certificate"),
    (ConnectError, "cannot_connect"),
    (NotSentError, "not_sent"),
    (ExchangeTimeoutError, "timeout"),
    (ExchangeError, "connection_broke"),
    (RedirectError, "redirect"),
    (HttpStatusError, "http_status"),
    (UnreadableReplyError, "unreadable_reply"),
    (EmptyReplyError, "empty_reply"),
    (IncompleteListError, "incomplete_list"),
    (RateLimitError, "rate_limited"),
    (QuotaError, "quota"),
    (AuthenticationError, "invalid_auth"),
    (NoApiPermissionError, "no_api_permission"),
    (CodeDeniedError, "code_denied"),
    (ReturnCodeError, "return_code"),
    (PlatformError, "unknown_error"),
)


class Translation(TypedDict):
    """The arguments of Home Assistant's errors that say what happened in the user's language."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def _key(err: PlatformError) -> str:
    """Return which message is that of an error."""
    key = next(key for kind, key in _KEYS if isinstance(err, kind))
    # Without the platform's own words their place in the sentence would be a gap.
    return "return_code_alone" if key == "return_code" and not _words(err) else key


def _words(err: PlatformError) -> str:
    """Return the platform's own words."""
    return err.message.strip() if isinstance(err, ReturnCodeError) else ""


def translation(err: PlatformError) -> Translation:
    """Return what a Home Assistant error needs to say what happened."""
    placeholders = {
        name: str(value)
        for name in ("interface", "status", "host", "code", "message")
        if (value := getattr(err, name, None)) is not None
    }
    return {
        "translation_domain": DOMAIN,
        "translation_key": _key(err),
        "translation_placeholders": placeholders,
    }
