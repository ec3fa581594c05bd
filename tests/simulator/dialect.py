"""Choose what the platform's document leaves open."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Hold one deployment's way of answering; the defaults follow the document's examples."""

    body: Literal["form", "json", "both"] = "form"
    """Encoding of a request that is read; the other one is answered with `wrong_body`."""
    wrong_body: int = 1008
    """Answer to an unread encoding: a return code, or below 1000 an HTTP status."""
    json_types: Literal["any", "strict"] = "any"
    """In JSON, whether page numbers must be numbers and all else strings."""

    data: Literal["string", "escaped", "native"] = "string"
    """JSON in a string, in a string escaped twice, or native."""
    object_as_list: bool = False
    """Answer an object as a list of one."""
    empty_list: Literal["string", "native", "blank", "null", "missing", "failure"] = "string"
    """`"[]"`, `[]`, `""`, `null`, no `data`, or 1001 暂无数据."""
    code: Literal["number", "string", "float"] = "number"
    """`200`, `"200"` or `200.0`."""
    in_a_string: bool = False
    """Answer a JSON string that holds the whole answer."""
    extra_fields: bool = False
    """Add fields that the document does not know."""

    content_type: str = "application/json"
    """Content type of every answer, without the charset."""
    charset: Literal["utf-8", "gb18030"] = "utf-8"
    """Encoding of every answer."""
    declare_charset: bool = True
    """Name the charset in the content type."""
    declared_charset: str = ""
    """Another charset that is named instead, rightly or not."""
    code_status: Literal[200, 400, 401, 403, 500] = 200
    """HTTP status beside a return code other than 200."""
    success_status: Literal[200, 201, 500] = 200
    """HTTP status beside return code 200."""
    bom: bool = False
    """Begin a UTF-8 answer with a byte order mark."""
    ascii_only: bool = False
    r"""Write Chinese as `\uXXXX`."""

    numbers: Literal[
        "string",
        "number",
        "spaces",
        "exponent",
        "unit",
        "empty",
        "null",
        "nan",
        "dashes",
        "thousands",
        "missing",
    ] = "string"
    """Form of readings, balances and amounts."""
    numbers_only: str = ""
    """The one interface that uses the form `numbers`; empty for all."""
    table_type: Literal["string", "number", "padded", "float", "empty", "null", "missing"] = (
        "string"
    )
    """Form of `tableType`."""
    table_type_value: int | None = None
    """A `tableType` sent for every meter, such as 0, 16 or 99."""
    times: Literal[
        "full",
        "fraction",
        "iso",
        "utc",
        "minutes",
        "slashes",
        "halves",
        "epoch",
        "millis",
        "double",
        "dotnet",
        "empty",
        "zero",
        "null",
        "unreadable",
    ] = "full"
    """Form of the times in answers."""
    names: Literal["plain", "tab", "nul", "bell", "bidi", "half", "long"] = "plain"
    """What is in every name: a raw tab or NUL, an escaped control character, half a character, or
    more than anybody reads."""
    user_code: Literal["string", "integer"] = "string"
    """Form of `user_code` in listings."""
    house_number: Literal["missing", "null", "empty"] = "missing"
    """What a room without house number has."""
    device_id: bool = False
    """Add the optional `deviceId` to consumption records."""
    address_code: Literal["name", "code"] = "name"
    """`build_code` in an address: 一栋 as in the example, or gzfh-1."""
    address_form: Literal["full", "floor"] = "full"
    """Addresses as 一栋一层, or as 一层: the same in every building."""
    address_building: Literal["read", "refuse", "deny", "empty", "fail"] = "read"
    """What `addressUserInfo` does with a `build_code`: 1001, 1009, nothing found, or 1008."""
    listing_repeats: bool = False
    """List every meter twice in one answer."""

    dates: Literal["any", "time", "date"] = "any"
    """Dates that are read: both, `YYYY-MM-DD HH:MM:SS` only, `YYYY-MM-DD` only."""
    dates_code: Literal[1001, 1008] = 1001
    """Answer to other dates."""
    max_span: int = 0
    """Longest window in days, 0 for any; a longer one is answered with `dates_code`."""
    span_count: Literal["time", "days"] = "time"
    """How windows are measured: by the time between their ends, or by the days that they touch."""
    future: Literal["any", "refuse"] = "any"
    """Whether a window may end after today; else the answer is `dates_code`."""
    dates_unread: Literal["refuse", "empty"] = "refuse"
    """Whether other dates are refused, or answered with an empty list."""
    begin_inclusive: bool = True
    """Whether a record at `BeginDate` is in the list."""
    end_inclusive: bool = True
    """Whether a record at `EndDate` is in the list."""
    end_whole_day: bool = True
    """Whether a date-only `EndDate` includes its day."""
    order: Literal["ascending", "descending", "shuffled"] = "ascending"
    """Order of records."""
    total_count: Literal["right", "page", "zero", "low", "high", "string", "null", "missing"] = (
        "right"
    )
    """What `totalCount` tells; `page` is the number of records in this answer."""
    first_page: Literal[1, 0] = 1
    """Number of the first page."""
    page_zero: Literal["first", "empty", "refuse"] = "first"
    """What page 0 gets where pages are counted from 1."""
    page_cap: int = 1000
    """Most records of one page."""
    page_over: Literal["cap", "refuse"] = "cap"
    """What a larger `pageSize` gets."""
    pages: bool = True
    """Whether a list is cut into pages, or comes whole whatever page is asked for."""
    past_end: Literal["empty", "last", "first"] = "empty"
    """What a page after the last one holds."""
    records_delay: int = 0
    """Seconds until a consumption record is listed."""

    early: Literal["code", "429", "serve"] = "code"
    """What an early call gets: `early_code`, HTTP 429, or its answer."""
    early_code: int = 1001
    """Return code of an early call."""
    early_msg: str = "访问过于频繁,请稍后再试"
    """Message of an early call."""
    retry_after: int | None = None
    """`Retry-After` beside HTTP 429."""
    limit_scope: Literal["host", "account"] = "host"
    """Whether accounts share one limit (refusals only; the counts are always host-wide)."""
    limit_from: Literal["arrival", "answer"] = "arrival"
    """Where the limit's interval begins (refusals only)."""
    secrets_in_msg: Literal["none", "plain", "base64", "hex", "apart"] = "none"
    """How a message of a failure repeats password and token."""
    early_extends: bool = False
    """Whether a refused call begins a new interval."""

    calls_per_day: int = 0
    """Most calls of an account in a day, logins not counted; 0 for any."""
    quota_msg: str = "今日调用次数已达上限"
    """Message, beside 1001, of a call that is one too many for the day."""

    date: Literal["world", "missing"] = "world"
    """The header `Date`: the world's time, or nothing."""

    redirect: Literal[0, 301, 302, 307, 308] = 0
    """Redirect an interface with this status."""
    redirect_only: str = ""
    """The one interface that is redirected; empty for all."""
    redirect_to: str = ""
    """Target; empty for a path of the simulator that records who follows."""

    repeat_order: Literal["twice", "once", "refuse"] = "twice"
    """A repeated `out_trade_no`: credited again, answered 200 only, or answered 1001."""
    prestore_answer: int = 200
    """Return code after a recharge has been booked."""
    payment_number: Literal["ours", "upper", "within", "other", "empty"] = "ours"
    """Number that the payment list shows for a recharge."""
    payment_delay: int = 0
    """Seconds until the payment list shows a recharge; below 0 never."""
    credit_delay: int = 0
    """Seconds until a payment of any channel is in the balance."""
    trade_type: bool = True
    """Send `trade_type` in the payment list."""
    api_trade_type: str = "微信充值"
    """`trade_type` of a recharge; the example has one kind only."""

    new_login: Literal["keeps", "ends"] = "keeps"
    """Whether a new login ends the account's older tokens (1006)."""
    token_life: int = 7200
    """Seconds that a token lives."""
    denied_codes: tuple[str, ...] = ()
    """User codes that every interface answers with `forbidden_code`."""
    forbidden: tuple[str, ...] = ()
    """Interfaces that the accounts may not call."""
    forbidden_code: Literal[1009, 1002] = 1009
    """Answer of a forbidden interface; a forbidden `login` answers 1002 always."""

    def __post_init__(self) -> None:
        """Refuse a value that no deployment has."""
        for name, hint in _HINTS.items():
            choices = get_args(hint) if get_origin(hint) is Literal else ()
            if choices and getattr(self, name) not in choices:
                msg = f"dialect {name}: one of {', '.join(map(str, choices))}"
                raise ValueError(msg)

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Read `NAME` and `NAME=VALUE` words."""
        changes: dict[str, Any] = {}
        for word in words:
            name, given, text = word.partition("=")
            name = name.replace("-", "_")
            if name not in _HINTS:
                msg = f"unknown dialect {name}; there are {', '.join(_HINTS)}"
                raise ValueError(msg)
            if not given and _HINTS[name] is not bool:
                msg = f"dialect {name} needs a value: {name}=..."
                raise ValueError(msg)
            changes[name] = _read(_HINTS[name], text)
        return cls(**changes)

    def changed(self, **changes: Any) -> Self:
        """Return a copy with these changes; lists become tuples."""
        known: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in changes.items()}
        return replace(self, **known)


def _read(hint: Any, text: str) -> Any:
    """Read one value of the command line."""
    if hint is bool:
        return text.lower() not in {"0", "no", "off", "false"}
    if get_origin(hint) is tuple:
        return tuple(part for part in text.split(",") if part)
    if get_origin(hint) is Literal:
        return {str(choice): choice for choice in get_args(hint)}.get(text, text)
    if hint is int:
        return int(text)
    if isinstance(hint, UnionType):
        return int(text) if text else None
    return text


_HINTS: dict[str, Any] = {}
_HINTS.update(get_type_hints(Dialect))

_SAMPLES: dict[str, tuple[Any, ...]] = {
    "declared_charset": ("iso-8859-1", "punycode", "utf-7", "big5"),
    "content_type": ("text/html", "text/plain"),
    "denied_codes": (("2022040005",),),
    "early_code": (1002,),
    "early_msg": ("请求过快",),
    "max_span": (31, 7, 1),
    "page_cap": (7,),
    "payment_delay": (120,),
    "credit_delay": (3600,),
    "prestore_answer": (1001, 1002, 1005, 1006, 1007, 1008, 1009, 4711),
    "records_delay": (7200,),
    "table_type_value": (0, 16, 99),
    "wrong_body": (1001, 500),
}


def single_changes() -> dict[str, dict[str, Any]]:
    """Return every single departure from the defaults, by its name on the command line."""
    found: dict[str, dict[str, Any]] = {}
    for field in fields(Dialect):
        hint = _HINTS[field.name]
        if hint is bool:
            values: tuple[Any, ...] = (not field.default,)
        elif get_origin(hint) is Literal:
            values = tuple(choice for choice in get_args(hint) if choice != field.default)
        else:
            values = _SAMPLES.get(field.name, ())
        for value in values:
            shown = ",".join(value) if isinstance(value, tuple) else value
            found[f"{field.name}={shown}"] = {field.name: value}
    return found
