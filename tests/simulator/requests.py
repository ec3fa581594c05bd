"""Read a request's body as form fields or JSON."""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .dialect import Dialect
from .platform import Params

SECRET = ("token", "api_password")
_NUMBERS = frozenset({"pageNo", "pageSize"})


def read_body(request: web.Request, body: bytes, dialect: Dialect) -> tuple[Params, str, bool]:
    """Return parameters, encoding, and whether this deployment reads them."""
    if request.content_type == "application/json":
        fields, well_typed = _json_fields(body)
        read = dialect.body != "form" and (well_typed or dialect.json_types == "any")
        return fields, "json", read
    if request.content_type == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
        return dict(pairs), "form", dialect.body != "json"
    return {}, request.content_type, False


def without_secrets(params: Params) -> dict[str, Any]:
    """Return what may be shown."""
    return {name: value for name, value in params.items() if name not in SECRET}


def _json_fields(body: bytes) -> tuple[Params, bool]:
    """Return the fields as text, and whether each had the documented type."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}, False
    if not isinstance(found, dict):
        return {}, False
    typed = all(type(value) is (int if key in _NUMBERS else str) for key, value in found.items())
    return {key: str(value) for key, value in found.items() if value is not None}, typed
