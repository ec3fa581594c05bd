"""Tests of the platform's address."""

import pytest

from custom_components.jrhsz.address import (
    InvalidAddressError,
    account_id,
    normalize,
    visible,
)


@pytest.mark.parametrize(
    ("typed", "address", "identity"),
    [
        ("imrapi.jrhsz.com", "http://imrapi.jrhsz.com", "imrapi.jrhsz.com/me"),
        (" http://IMRAPI.jrhsz.com:80/ ", "http://imrapi.jrhsz.com", "imrapi.jrhsz.com/me"),
        ("HTTPS://h:443/user", "https://h", "h/me"),
        ("https://h:80", "https://h:80", "h/me"),
        ("http://h:8080/", "http://h:8080", "h:8080/me"),
        ("h:8080/Prefix/user/", "http://h:8080/Prefix", "h:8080/Prefix/me"),
        ("h/superuser", "http://h/superuser", "h/superuser/me"),
        ("http://h//", "http://h", "h/me"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x", "[::1]:8080/x/me"),
        ("user.com/user", "http://user.com", "user.com/me"),
        ("http://imrapi.jrhsz.com/user/login", "http://imrapi.jrhsz.com", "imrapi.jrhsz.com/me"),
        ("h/Prefix/user/GetUserInfo/", "http://h/Prefix", "h/Prefix/me"),
        ("imrapi。jrhsz。com.", "http://imrapi.jrhsz.com", "imrapi.jrhsz.com/me"),
        ("ｈｔｔｐ：／／ｉｍｒ．ｃｏｍ：８０８０", "http://imr.com:8080", "imr.com:8080/me"),
        ("\ufeffhttp://h\u200b\u3000", "http://h", "h/me"),
        ("http://imr\u200b.com/", "http://imr.com", "imr.com/me"),
        ("“http://h/user/login”。", "http://h", "h/me"),
        ("http://h/user/login ，", "http://h", "h/me"),
        ("<http://h:8080>", "http://h:8080", "h:8080/me"),
        ("http://h/User/Login", "http://h", "h/me"),
        ("· http://h/user/login ", "http://h", "h/me"),
        ("接口地址：http://h/user/login", "http://h", "h/me"),
        ("POST https://h/user/login", "https://h", "h/me"),
        ("（http://h/user/login）", "http://h", "h/me"),
        ("【http://h】", "http://h", "h/me"),
        ("`http://h`", "http://h", "h/me"),
        ("[http://h/user](http://h/user)", "http://h", "h/me"),
        ("http://imrapi.jrhsz.comhttp://h/user/login", "http://h", "h/me"),
        ("http:/h:8080", "http://h:8080", "h:8080/me"),
        ("http//h", "http://h", "h/me"),
        ("http://h/user/login\u3164\ufffc", "http://h", "h/me"),
        ("http://h/user/other", "http://h/user/other", "h/user/other/me"),
    ],
)
def test_normalize(typed: str, address: str, identity: str) -> None:
    """Test that the ways to type an address end at one, and at one identity."""
    assert normalize(typed) == address
    assert normalize(address) == address
    assert account_id(address, "me") == identity


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "http://",
        "http:///path",
        "ftp://h",
        "mailto:x",
        "http://u@h",
        "http://u:p@h",
        "http://@h",
        "http://h?x=1",
        "http://h?",
        "http://h#f",
        "http://h:99999",
        "http://[::1",
        "http://a b/",
        "http://h\\x",
        "http://u@h http://h",
        "http//",
    ],
)
def test_refused(typed: str) -> None:
    """Test that what can't be the address, or would lose or divert something, is refused."""
    with pytest.raises(InvalidAddressError):
        normalize(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("demo", "demo"),
        (" demo\u200b", "demo"),
        ("\ufeff\u2060a b\t\n", "a b"),
        ("\u3000", ""),
        ("\ufffcdemo\u3164\ufe0f", "demo"),
    ],
)
def test_visible(typed: str, kept: str) -> None:
    """Test that what surrounds an account or password without being seen is dropped."""
    assert visible(typed) == kept
