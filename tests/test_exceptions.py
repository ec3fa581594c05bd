"""Tests of what people are told of the platform's errors."""

from collections.abc import Iterator
from datetime import UTC, datetime
import json
from pathlib import Path
import re

import pytest

import custom_components.jrhsz
from custom_components.jrhsz.api import (
    CertificateError,
    ConnectError,
    Interface,
    NotPermittedError,
    PlatformError,
    RateLimitError,
    RedirectError,
    ReturnCodeError,
)
from custom_components.jrhsz.exceptions import translation

TEXTS = Path(custom_components.jrhsz.__file__).parent / "translations"


def kinds(kind: type[PlatformError] = PlatformError) -> Iterator[type[PlatformError]]:
    """Yield a kind of error and all below it."""
    yield kind
    for special in kind.__subclasses__():
        yield from kinds(special)


def example(kind: type[PlatformError]) -> PlatformError:
    """Return an error of a kind with all that it can tell."""
    error = kind.__new__(kind)
    error.__dict__.update(
        interface=Interface.METER, status=302, host="new.example", code=1001, message="失败"
    )
    return error


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("kind", [*kinds()], ids=lambda kind: kind.__name__)
def test_every_error_has_a_text(kind: type[PlatformError], language: str) -> None:
    """Test that the text of every error exists, and that all it mentions is told."""
    told = translation(example(kind))
    texts = json.loads((TEXTS / f"{language}.json").read_text())["exceptions"]
    text = texts[told["translation_key"]]["message"]
    assert set(re.findall(r"{(\w+)}", text)) <= told["translation_placeholders"].keys()
    assert told["translation_domain"] == "jrhsz"


@pytest.mark.parametrize(
    ("error", "key", "placeholders"),
    [
        (PlatformError(), "unknown_error", {}),
        (ConnectError(), "cannot_connect", {}),
        (CertificateError(), "invalid_certificate", {}),
        (RedirectError(307, "new.example"), "redirect", {"status": "307", "host": "new.example"}),
        (ReturnCodeError(4711, "错"), "return_code", {"code": "4711", "message": "错"}),
        (RateLimitError(1001, "稍后"), "rate_limited", {"code": "1001", "message": "稍后"}),
        (
            NotPermittedError(Interface.PAYMENTS, datetime(2026, 11, 1, tzinfo=UTC)),
            "not_permitted",
            {"interface": "GetPaymentList"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_special_comes_first(
    error: PlatformError, key: str, placeholders: dict[str, str]
) -> None:
    """Test that an error is told as what it is, not as what it is a kind of."""
    assert translation(error) == {
        "translation_domain": "jrhsz",
        "translation_key": key,
        "translation_placeholders": placeholders,
    }
