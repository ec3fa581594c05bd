"""Tests of what is shown of the platform's messages."""

from base64 import b64encode, urlsafe_b64encode
from html import escape
import json
import time
from urllib.parse import quote, quote_plus

import pytest

from custom_components.jrhsz.api.masking import masked, readable

PASSWORD = "demo-password"
TOKEN = b64encode(
    json.dumps({"admin_user_name": "demo", "api_password": PASSWORD, "time": 1795918140}).encode()
).decode()
SECRETS = [PASSWORD, 'p"ä\\ß 密', "a+b/c=&d%", "t\tab\u200bs"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["{}", "{quoted}", "{plus}", "{escaped}"])
def test_messages_without_secrets(secret: str, form: str) -> None:
    """However the platform repeats a secret, the message doesn't."""
    shown = form.format(
        secret, quoted=quote(secret), plus=quote_plus(secret), escaped=json.dumps(secret)[1:-1]
    )
    assert masked(f"用户 {shown} 错误\r\n{shown}", ["", secret]) == "用户 *** 错误***"


@pytest.mark.parametrize(
    "shown",
    [
        b64encode(PASSWORD.encode()).decode(),
        urlsafe_b64encode(PASSWORD.encode()).decode().rstrip("="),
        b64encode(f"demo:{PASSWORD}".encode()).decode(),
        "x" + b64encode(f"ab{PASSWORD}".encode()).decode(),
        " ".join(b64encode(PASSWORD.encode()).decode()),
        PASSWORD.encode().hex(),
        PASSWORD.encode().hex().upper(),
        PASSWORD.encode().hex(":"),
        "".join(f"\\x{byte:02x}" for byte in PASSWORD.encode()),
        "".join(f"\\u{ord(x):04x}" for x in PASSWORD),
        " ".join(f"0x{byte:02X}" for byte in PASSWORD.encode()),
        "".join(f"%{byte:02x}" for byte in PASSWORD.encode()),
        "".join(f"&#{ord(x)};" for x in PASSWORD),
        escape(PASSWORD).replace("-", "&#x2d;"),
        " ".join(PASSWORD),
        "demo-\n password",
        "demo-\u200bpass\u202eword",
        "demo-pass, word",
        "DEMO-PASSWORD",
        "ｄｅｍｏ-ｐａｓｓｗｏｒｄ",
        TOKEN[:20],
        TOKEN[30:50],
        f"{TOKEN[:16]} {TOKEN[16:30]}",
        "\n".join(TOKEN),
        TOKEN[::1].lower(),
        TOKEN.encode().hex()[:38],
    ],
)
def test_other_forms(shown: str) -> None:
    """Where a secret is in another form, nothing of the message is told."""
    for message in (shown, f"用户 {shown} 错误", f"token:{shown}"):
        seen = masked(message, [PASSWORD, TOKEN])
        assert seen in ("***", "用户 *** 错误", "token:***")


def forms_of(secret: str) -> dict[str, str]:
    """Return ways in which a secret may be repeated, none of which holds anything else."""
    content = secret.encode()
    once = b64encode(content).decode()
    return {
        "other case": secret.swapcase(),
        "reversed": secret[::-1],
        "base64": once,
        "base64 without its end": once.rstrip("="),
        "base64 for addresses": urlsafe_b64encode(content).decode(),
        "base64 of a pair": b64encode(b"demo:" + content).decode(),
        "base64 of a record": b64encode(b'{"a":"' + content + b'"}').decode(),
        "base64 of GBK": b64encode(secret.encode("gb18030")).decode(),
        "base64 of UTF-16": b64encode(secret.encode("utf-16-le")).decode(),
        "base64 twice": b64encode(once.encode()).decode(),
        "base64 apart": "-".join(once),
        "base64 in groups": ", ".join(once[at : at + 4] for at in range(0, len(once), 4)),
        "base64 reversed": once[::-1],
        "hexadecimal": content.hex(" "),
        "hexadecimal of GBK": secret.encode("gb18030").hex(),
        "hexadecimal of UTF-16": secret.encode("utf-16-be").hex(),
        "escaped bytes": "".join(f"\\x{byte:02X}" for byte in content),
        "bytes in hexadecimal": ",".join(f"0x{byte:02x}" for byte in content),
        "bytes": str(list(content)),
        "for an address, twice": quote(quote(secret, safe="")),
        "characters": " ".join(f"U+{ord(x):04X}" for x in secret),
        "escaped characters": "".join(f"&#x{ord(x):x};" for x in secret),
        "apart": "*".join(secret),
        "accents": "\u0301".join(secret),
        "in two parts": f"{secret[:4]} 和 {secret[4:]}",
        "but for its end": secret[:-1],
    }


@pytest.mark.parametrize("form", forms_of(PASSWORD))
@pytest.mark.parametrize(
    "secret", [PASSWORD, "Geheim12", "密码1234六七八", "p@ss w0rd!", "24681357"]
)
def test_forms_of_any_length(secret: str, form: str) -> None:
    """No form depends on how long the secret is, or on another one that holds it too."""
    seen = masked(f"用户 {forms_of(secret)[form]} 错误", [secret, "T" * 32])
    assert "***" in seen
    assert set(seen) <= {*"用户 *** 错误-="}


@pytest.mark.parametrize(
    "message",
    [
        "用户不存在",
        "访问过于频繁,请稍后再试",
        "订单 HA0Z0Z0Z0Z0Z0Z0Z0Z0Z0Z0Z0Z0Z0Z 不存在",
        "user 2022040001 has no permission for this interface",
        "demo: password 错误",
        "1001 - 失败 (0x3E9)",
        "<b>失败</b> & 重试",
    ],
)
def test_nothing_to_hide(message: str) -> None:
    """What shows no secret is told as it is."""
    assert masked(message, ["another-secret", TOKEN, "12"]) == message


def test_secret_of_signs() -> None:
    """A secret without letters and digits is known by its bytes."""
    for shown in (b64encode(b"!@#$%^").decode(), b"!@#$%^".hex()):
        assert masked(f"错误 {shown}", ["!@#$%^"]) == "***"
    assert masked("错误", ["!@#$%^"]) == "错误"


def test_short_secret() -> None:
    """A secret of a few characters is hidden where it stands, not wherever its letters are."""
    assert masked("a1, 1001, a 1", ["a1"]) == "***, 1001, a 1"


def test_messages_without_other_tokens() -> None:
    """A token that isn't ours, or not yet, holds a password as well; an order number doesn't."""
    number = "HA" + "0Z" * 15
    assert masked(f"token:{TOKEN}已过期,订单{number}不存在", ["x"]) == (
        f"token:***已过期,订单{number}不存在"
    )


def test_message_is_one_short_line() -> None:
    """Neither line ends nor half characters nor a whole reply get into a message."""
    assert masked("a\nb\x00c\u202ed\ud800" + "错" * 1000, ["x"]) == "abcd" + "错" * 196


@pytest.mark.parametrize("before", range(980, 1001))
def test_secret_at_the_end_of_what_is_read(before: int) -> None:
    """A message that is cut shows no part of a secret, even if little else is left of it."""
    for message in ("错" * before + PASSWORD * 100, (TOKEN * 100)[:before] + PASSWORD * 100):
        assert "dem" not in masked(message, [PASSWORD, TOKEN])


def test_readable() -> None:
    """No more of a message is kept than is looked at."""
    assert readable("错" * 5000) == "错" * 2000
    assert readable("a\nb\ud800") == "ab"
    assert readable(None) == readable(7) == readable(["x"]) == ""


@pytest.mark.parametrize(
    "piece", ["a", "=", "%", "%41", "\\u0041", "&amp;", "ab ", "YWFh", "\ufdfa", "1 ", TOKEN]
)
def test_time(piece: str) -> None:
    """A message of any kind and length is looked at in no time."""
    message = piece * (4_000_000 // len(piece))
    begin = time.process_time()
    masked(readable(message), [PASSWORD, TOKEN, TOKEN * 30])
    assert time.process_time() - begin < 0.2
