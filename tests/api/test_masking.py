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


@pytest.mark.parametrize("piece", ["a", "=", "%", "%41", "\\u0041", "&amp;", "ab ", "YWFh", TOKEN])
def test_time(piece: str) -> None:
    """A message of any kind and length is looked at in no time."""
    message = piece * (4_000_000 // len(piece))
    begin = time.process_time()
    masked(readable(message), [PASSWORD, TOKEN])
    assert time.process_time() - begin < 0.2
