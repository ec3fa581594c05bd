"""The platform's address as people type it, and the identity of an account at an address."""

import re
from typing import Final

from yarl import URL

_USUAL_PORTS: Final = (80, 443)
# A user would change where the password is sent, a query or a fragment would be lost.
_REFUSED: Final = re.compile(r"[?#@\\\s]")


class InvalidAddressError(ValueError):
    """What was typed can't be the platform's address."""


def normalize(typed: str) -> str:
    """Return the address below which `/user/<interface>` lies."""
    text = typed.strip()
    try:
        url = URL(text if "://" in text else f"http://{text}")
        port = "" if url.is_default_port() else f":{url.explicit_port}"
        host = url.host_subcomponent
    except ValueError as err:
        raise InvalidAddressError from err
    if url.scheme not in {"http", "https"} or not host or _REFUSED.search(text):
        raise InvalidAddressError
    path = url.raw_path.rstrip("/").removesuffix("/user").rstrip("/")
    return f"{url.scheme}://{host}{port}{path}"


def account_id(address: str, username: str) -> str:
    """Return the unique id of an account at a normalized address."""
    url = URL(address)
    port = "" if url.port in _USUAL_PORTS else f":{url.port}"
    return f"{url.host_subcomponent}{port}{url.raw_path.rstrip('/')}/{username}"
