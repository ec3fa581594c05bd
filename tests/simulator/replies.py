"""Write answers the way a dialect does."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
import json
import re
from typing import Any

from .dialect import Dialect

MESSAGES = {
    200: "操作成功",
    1001: "失败",
    1002: "账号不存在或没有API权限",
    1005: "密码错误",
    1006: "Token不存在",
    1007: "Token已过期",
    1008: "缺少参数",
    1009: "账号与token不符合或没有该接口权限",
}

NOON = 12
# What stands for half a character until there are bytes.
HALF = "⑂"

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold a reply before it is written; `total` is what `totalCount` says."""

    code: int | str | float | None = 200
    msg: str | None = None
    data: str | Row | list[Row] | None = None
    total: int | None = None


def dump(value: Any, *, ascii_only: bool = False) -> str:
    """Return compact JSON."""
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def render(answer: Answer, dialect: Dialect) -> bytes:
    """Return an answer's body."""
    code: Any = answer.code
    if isinstance(code, int) and dialect.code != "number":
        code = str(code) if dialect.code == "string" else float(code)
    reply: Row = {"code": code}
    msg = answer.msg
    if answer.data == [] and dialect.empty_list == "failure":
        return encode({"code": 1001, "msg": "暂无数据"}, dialect)
    if answer.data is not None:
        _put_data(reply, answer.data, dialect)
    if msg is None:
        msg = MESSAGES.get(answer.code, "失败") if isinstance(answer.code, int) else "失败"
    reply["msg"] = msg
    if answer.total is not None:
        _put_total(reply, answer, dialect)
    if dialect.extra_fields:
        reply |= {"requestId": "7f3a", "extra": {"list": [1, None]}}
    return encode(reply, dialect)


def encode(reply: Row, dialect: Dialect) -> bytes:
    """Return JSON in the dialect's charset."""
    text = dump(reply, ascii_only=dialect.ascii_only)
    if dialect.in_a_string:
        text = dump(text, ascii_only=dialect.ascii_only)
    if dialect.names in {"tab", "nul"}:
        # Raw, as JSON has them nowhere.
        text = re.sub(r"\\+t", "\t", text)
        text = re.sub(r"\\+u0000", "\0", text)
    if dialect.charset == "gb18030":
        return text.encode("gb18030").replace(HALF.encode("gb18030"), "栋".encode("gb18030")[:1])
    half = text.encode("utf-8-sig" if dialect.bom else "utf-8")
    return half.replace(HALF.encode(), "栋".encode()[:2])


def content_type(dialect: Dialect) -> str:
    """Return the header of every answer."""
    charset = dialect.declared_charset or dialect.charset
    declared = f"; charset={charset}" if dialect.declare_charset else ""
    return dialect.content_type + declared


def put_number(row: Row, name: str, value: Decimal, interface: str, dialect: Dialect) -> None:
    """Add a number in its form."""
    form = dialect.numbers
    if form == "string" or dialect.numbers_only not in {"", interface}:
        row[name] = str(value)
        return
    thousands = f"{value:,}"
    forms: dict[str, Any] = {
        "number": float(value),
        "spaces": f" {value} ",
        "exponent": f"{value:E}",
        "unit": f"{value} {'元' if name in {'balance', 'total_fee'} else 'kWh'}",
        "empty": "",
        "null": None,
        "nan": "NaN",
        "dashes": "--",
        "thousands": thousands if "," in thousands else f"0,{abs(value):06}",
    }
    if form in forms:
        row[name] = forms[form]


def put_type(row: Row, value: int, dialect: Dialect) -> None:
    """Add a table type in its form."""
    number = value if dialect.table_type_value is None else dialect.table_type_value
    forms: dict[str, Any] = {
        "string": str(number),
        "number": number,
        "padded": f"{number:02d}",
        "float": float(number),
        "empty": "",
        "null": None,
    }
    if dialect.table_type in forms:
        row["tableType"] = forms[dialect.table_type]


def time_text(moment: datetime, dialect: Dialect) -> str | None:
    """Return a time in its form."""
    local = moment.replace(tzinfo=None)
    forms: dict[str, str | None] = {
        "full": local.isoformat(" ", "seconds"),
        "fraction": f"{local.isoformat(' ', 'seconds')}.0",
        "iso": moment.isoformat("T", "milliseconds"),
        "utc": f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'seconds')}Z",
        "minutes": local.isoformat(" ", "minutes"),
        "slashes": f"{local.year}/{local.month}/{local.day} {local:%H:%M:%S}",
        "halves": f"{local:%Y/%m/%d} {'下午' if local.hour >= NOON else '上午'} {local:%I:%M:%S}",
        "epoch": str(int(moment.timestamp())),
        "millis": str(int(moment.timestamp()) * 1000),
        "double": f"{int(moment.timestamp()) * 1000:.9E}".replace("+", ""),
        "dotnet": f"/Date({int(moment.timestamp()) * 1000}+0800)/",
        "zero": "0000-00-00 00:00:00",
        "empty": "",
        "unreadable": "昨天下午",
    }
    return forms.get(dialect.times)


def name_text(name: str, dialect: Dialect) -> str:
    """Return a name as the dialect has it; half a character is made in the bytes."""
    odd = {
        "tab": "\t",
        "nul": "\0",
        "bell": "\x07\n",
        "bidi": "\u202e\u200b",
    }
    if dialect.names == "half":
        return f"{name}室栋{HALF}"
    if dialect.names == "long":
        return name + "错" * 10_000
    return f"{name[:1]}{odd.get(dialect.names, '')}{name[1:]}"


def code_value(user_code: str, dialect: Dialect) -> str | int:
    """Return a user code in its form."""
    plain = dialect.user_code == "integer" and user_code.isascii() and user_code.isdigit()
    return int(user_code) if plain else user_code


def _put_data(reply: Row, data: str | Row | list[Row], dialect: Dialect) -> None:
    """Add the data in its form."""
    if isinstance(data, str):
        reply["data"] = data
        return
    if isinstance(data, dict) and dialect.object_as_list:
        data = [data]
    if data == [] and dialect.empty_list != "failure":
        forms: Row = {"string": "[]", "native": [], "blank": "", "null": None}
        if dialect.empty_list in forms:
            reply["data"] = forms[dialect.empty_list]
        return
    if dialect.data == "native":
        reply["data"] = data
        return
    text = dump(data, ascii_only=dialect.ascii_only)
    reply["data"] = dump(text, ascii_only=dialect.ascii_only) if dialect.data == "escaped" else text


def _put_total(reply: Row, answer: Answer, dialect: Dialect) -> None:
    """Add `totalCount` as right or wrong as the dialect has it."""
    right = answer.total or 0
    forms: Row = {
        "right": right,
        "page": len(answer.data or ()),
        "zero": 0,
        "low": max(0, right - 3),
        "high": right + 1,
        "string": str(right),
        "null": None,
    }
    if dialect.total_count in forms:
        reply["totalCount"] = forms[dialect.total_count]
