"""The platform's address as people type it, and the identity of an account at an address."""

import re
from typing import Final
import unicodedata

from yarl import URL

from .api import Interface

_USUAL_PORTS: Final = (80, 443)
# A user would change where the password is sent, a query or a fragment would be lost.
_USER: Final = re.compile(r"/user$", re.IGNORECASE)
_INTERFACE: Final = re.compile(rf"(?<=/user)/+({'|'.join(Interface)})$", re.IGNORECASE)
# What stands before an address in a line of a document, or stood in the field already.
_BEFORE: Final = re.compile(r"^[^?#@]*(?=https?:/)", re.IGNORECASE)
_SLASH_LOST: Final = re.compile(r"^(https?)(?::/|//)(?!/)", re.IGNORECASE)
# What stands around an address in a sentence.
_AROUND: Final = " .,;:!\"'`*·•<>()“”‘’《》「」【】、"
# Letters and signs that show nothing, and what editors put where a picture was.
_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0\ufe0e\ufe0f\ufffc"
_REFUSED: Final = re.compile(r"[?#@\\\s]")


class InvalidAddressError(ValueError):
    """What was typed can't be the platform's address."""


def visible(typed: str) -> str:
    """Return what was typed without the blanks and invisible characters around it."""
    begin, end = 0, len(typed)
    while begin < end and _is_invisible(typed[begin]):
        begin += 1
    while begin < end and _is_invisible(typed[end - 1]):
        end -= 1
    return typed[begin:end]


def _is_invisible(character: str) -> bool:
    """Tell whether a character is a blank, a control or a format character, or stands for none."""
    category = unicodedata.category(character)
    return character.isspace() or character in _BLANK or category in {"Cc", "Cf"}


def normalize(typed: str) -> str:
    """Return the address below which `/user/<interface>` lies.

    It may be the address of an interface, as the document has them, and be typed with the
    characters of a Chinese keyboard.
    """
    seen = (x for x in visible(typed) if x not in _BLANK and unicodedata.category(x) != "Cf")
    text = unicodedata.normalize("NFKC", "".join(seen)).replace("。", ".").strip(_AROUND)
    text = _SLASH_LOST.sub(r"\1://", _BEFORE.sub("", text))
    try:
        url = URL(text if "://" in text else f"http://{text}")
        port = "" if url.is_default_port() else f":{url.explicit_port}"
        host = (url.host_subcomponent or "").rstrip(".")
    except ValueError as err:
        raise InvalidAddressError from err
    if url.scheme not in {"http", "https"} or not host or _REFUSED.search(text):
        raise InvalidAddressError
    path = _USER.sub("", _INTERFACE.sub("", url.raw_path.rstrip("/"))).rstrip("/")
    return f"{url.scheme}://{host}{port}{path}"


def account_id(address: str, username: str) -> str:
    """Return the unique id of an account at a normalized address."""
    return f"{platform_of(address)}/{username}"


def platform_of(address: str) -> str:
    """Return what tells the platform at a normalized address from others: host, port and path."""
    url = URL(address)
    port = "" if url.port in _USUAL_PORTS else f":{url.port}"
    # A dot at its end makes no other host of a name.
    host = (url.host_subcomponent or "").rstrip(".")
    return f"{host}{port}{url.raw_path.rstrip('/')}"


def are_two_names(platform: str, other: str) -> bool:
    """Tell whether two platforms may be one under two names: their hosts differ."""
    return _host(platform) != _host(other)


def _host(platform: str) -> str | None:
    """Return the host of a platform."""
    return URL(f"http://{platform}").host
