"""Tests of the platform's errors and return codes."""

import pytest

from custom_components.jrhsz.api.errors import (
    LOGIN_CODES,
    AuthenticationError,
    FailedError,
    HttpStatusError,
    InterfaceDeniedError,
    MissingParameterError,
    NoApiPermissionError,
    RateLimitError,
    RedirectError,
    ReturnCodeError,
    TokenError,
    UnknownCodeError,
    error_for,
    is_door_check,
    is_general_failure,
)


@pytest.mark.parametrize(
    ("code", "elsewhere", "on_login"),
    [
        (1001, FailedError, FailedError),
        (1002, InterfaceDeniedError, NoApiPermissionError),
        (1005, UnknownCodeError, AuthenticationError),
        (1006, TokenError, TokenError),
        (1007, TokenError, TokenError),
        (1008, MissingParameterError, MissingParameterError),
        (1009, InterfaceDeniedError, InterfaceDeniedError),
        (4711, UnknownCodeError, UnknownCodeError),
    ],
)
def test_return_codes(
    code: int, elsewhere: type[ReturnCodeError], on_login: type[ReturnCodeError]
) -> None:
    """Test what each code means, which differs on a login."""
    assert type(error_for(code, "")) is elsewhere
    assert type(error_for(code, "", LOGIN_CODES)) is on_login


@pytest.mark.parametrize("message", ["访问频繁", "操作过快", "太快了", "请稍后再试"])
def test_too_soon(message: str) -> None:
    """Test that words about the pace count more than the code."""
    error = error_for(1001, message)
    assert isinstance(error, RateLimitError)
    assert (error.code, error.message) == (1001, message)


def test_what_a_code_proves() -> None:
    """Test which codes come from before anything was done, and which say nothing."""
    codes = [None, 200, 1001, 1002, 1005, 1006, 1007, 1008, 1009, 4711]
    at_the_door = [1002, 1005, 1006, 1007, 1008, 1009]
    assert [code for code in codes if is_door_check(code)] == at_the_door
    assert [code for code in codes if is_general_failure(code)] == [1001]


def test_messages() -> None:
    """Test what an error says in a log."""
    assert str(error_for(1001, "失败")) == "Return code 1001: 失败"
    assert str(error_for(4711, "")) == "Return code 4711"
    assert str(HttpStatusError(502)) == "HTTP status 502"
    assert str(RedirectError(307, "new.example")) == "HTTP status 307, a redirect to new.example"
    assert str(RedirectError(302, "")) == "HTTP status 302, a redirect to nowhere"
