"""Messages of the platform that are shown to people: short, printable and free of secrets."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from html import unescape
import json
import re
from typing import Final
import unicodedata
from urllib.parse import quote, quote_plus, unquote_plus

_READ: Final = 1000
_SHOWN: Final = 200
_MASK: Final = "***"
# Any token is longer, any order number shorter.
_TOKEN_LIKE: Final = re.compile(r"[0-9A-Za-z+/_-]{40,}=*")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|(?:0|\\)?[x%]([0-9a-fA-F]{2})")
_BASE64: Final = re.compile(r"[0-9A-Za-z+/_-]{6,}")
# Shorter ones are parts of words.
_SHORTEST: Final = 4
_PIECE: Final = 12


def masked(message: str, secrets: Iterable[str]) -> str:
    """Return a message without these secrets, as one short line."""
    text = printable(message[:_READ])
    known = {form for secret in secrets for form in (secret, printable(secret)) if form}
    longest = 0
    # A short one may stand in a token by chance, and would leave the rest of it.
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) < _SHORTEST:
            text = _TOKEN_LIKE.sub(_MASK, text)
        for form in (secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]):
            text = text.replace(form, _MASK)
            longest = max(longest, len(form))
    text = _TOKEN_LIKE.sub(_MASK, text)
    if any(_shows(text, secret) for secret in known):
        return _MASK
    if len(message) > _READ:
        # At the end there may be the beginning of a secret.
        text = text[: max(len(text) - longest, 0)]
    return text[:_SHOWN]


def readable(message: object) -> str:
    """Return the part of a message that is looked at; nothing for what is no text."""
    return printable(message[: 2 * _READ]) if isinstance(message, str) else ""


def printable(text: str) -> str:
    """Return a text without what can't be seen, such as line ends and half characters."""
    return "".join(filter(str.isprintable, text))


def _shows(text: str, secret: str) -> bool:
    """Tell whether a text shows a secret, or a piece of a long one, in another form."""
    if len(_squeezed(secret)) < _SHORTEST:
        return False
    shown = {_squeezed(form) for form in _forms(text)}
    pieces = {
        *_pieces(_squeezed(secret), _PIECE),
        *_pieces(secret.encode(errors="replace").hex(), 2 * _PIECE),
    }
    return any(piece in form for form in shown for piece in pieces)


def _pieces(secret: str, size: int) -> Iterable[str]:
    """Return what a secret is known by: of a long one, every piece is as good as the whole."""
    if len(secret) < 2 * size:
        return [secret]
    return (secret[at : at + size] for at in range(len(secret) - size + 1))


def _forms(text: str) -> Iterable[str]:
    """Yield what a text may mean."""
    yield text
    yield unquote_plus(text)
    yield unescape(text)
    yield unicodedata.normalize("NFKC", text)
    yield _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    for joined in (text, "".join(text.split())):
        for run in _BASE64.findall(joined):
            for at in range(4):
                chunk = run[at:].replace("+", "-").replace("/", "_")
                try:
                    content = urlsafe_b64decode(chunk[: len(chunk) // 4 * 4])
                except Base64Error, ValueError:
                    continue
                yield content.decode(errors="replace")


def _squeezed(text: str) -> str:
    """Return the letters and digits of a text, which may stand apart in it."""
    return "".join(filter(str.isalnum, text)).casefold()
