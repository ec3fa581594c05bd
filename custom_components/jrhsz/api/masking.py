"""Messages of the platform that are shown to people: short, printable and free of secrets."""

from base64 import b64encode
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
# What stands before the digits of a byte or of a character.
_ESCAPED: Final = re.compile(r"(?:\\u|[uU]\+)([0-9a-fA-F]{4})|(?:0|\\)?[x%]([0-9a-fA-F]{2})")
_BYTES: Final = re.compile(r"(?<![0-9])[0-9]{1,3}(?![0-9])")
_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
# Shorter ones are parts of words.
_SHORTEST: Final = 4
_SHORTEST_PART: Final = 3
_SHORTEST_PIECE: Final = 6
_PIECE: Final = 12
_LONG: Final = 100


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
    if any(_shows(text[: 2 * _SHOWN], secret) for secret in known):
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
    if len(secret) < _SHORTEST:
        return False
    whole = _squeezed(secret)
    pieces = {*_pieces(whole, _PIECE)}
    for content in {secret.encode(encoding, "replace") for encoding in _ENCODINGS}:
        pieces.update(_pieces(content.hex(), 2 * _PIECE))
        for layer in _in_base64(content):
            pieces.update(_pieces(layer, _PIECE))
    squeezed = {_squeezed(form) for form in _forms(text)}
    return any(
        _is_told_in_parts(whole, form) or any(piece in form for piece in pieces)
        for form in squeezed | {form[::-1] for form in squeezed}
    )


def _pieces(secret: str, size: int) -> Iterable[str]:
    """Return what a secret is known by: of a long one, every piece is as good as the whole."""
    size = max(_SHORTEST_PIECE, min(size, len(secret) * 3 // 4))
    if len(secret) <= size:
        return [secret] if len(secret) >= _SHORTEST else []
    # Of a very long one, some that every longer part has one of.
    step = 1 if len(secret) < _LONG else size * 2 // 3
    return (secret[at : at + size] for at in range(0, len(secret) - size + 1, step))


def _in_base64(content: bytes) -> Iterable[str]:
    """Yield what a text in base64 has of a content, wherever in it that stands, also twice so."""
    for before in range(3):
        # The characters at the ends also hold what stands beside it.
        end = (before + len(content)) * 4 // 3
        once = b64encode(bytes(before) + content)[-(-before * 4 // 3) : end]
        yield _squeezed(once.decode())
        if before == 0:
            yield _squeezed(b64encode(once)[: len(once) * 4 // 3].decode())


def _is_told_in_parts(secret: str, text: str) -> bool:
    """Tell whether all parts of a secret stand in a text, in their order."""
    if len(secret) < _SHORTEST:
        return False
    at = 0
    while secret:
        longest = next(
            (
                size
                for size in range(len(secret), _SHORTEST_PART - 1, -1)
                if text.find(secret[:size], at) >= 0
            ),
            0,
        )
        if not longest:
            return False
        at = text.find(secret[:longest], at) + longest
        secret = secret[longest:]
    return True


def _forms(text: str) -> Iterable[str]:
    """Yield what a text may mean."""
    yield text
    yield (unquoted := unquote_plus(text))
    yield unquote_plus(unquoted)
    yield unescape(text)
    yield _ESCAPED.sub(lambda match: match[1] or match[2], text)
    yield _BYTES.sub(lambda match: f"{int(match[0]) % 256:02x}", text)


def _squeezed(text: str) -> str:
    """Return the letters and digits of a text, which may stand apart in it."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text))).casefold()
