"""What the platform answers: bytes → code, message and records.

The examples of the document are no valid JSON, so what really comes is read in every form that
makes sense: `data` as JSON or as a string that holds JSON (escaped once or twice), codes as
numbers or strings, any content type, UTF-8 or GB18030.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
import json
from typing import Any, Final

from .decoding import decoded
from .errors import (
    FAILED,
    SUCCESS,
    EmptyReplyError,
    QuotaError,
    RateLimitError,
    ReturnCodeError,
    UnreadableReplyError,
    error_for,
    is_door_check,
)
from .masking import masked, readable
from .models import Record
from .values import integer

# Made once: `json.loads` would make one for each text.
_DECODER: Final = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)
_NESTED_STRINGS: Final = 3
_NO_RECORDS: Final = ("暂无", "无数据", "没有数据", "无记录", "没有记录", "no data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer with a return code; its data is neither shown nor logged.

    `date` is what the server's clock showed, if it told.
    """

    code: int
    message: str
    data: Any
    total_count: int | None
    status: int = HTTPStatus.OK
    date: datetime | None = None

    def __repr__(self) -> str:
        """Show the code alone: data may hold a token or a whole reply."""
        return f"<Reply {self.code}>"

    def without(self, *secrets: str) -> Reply:
        """Return the reply with its message cut short and free of secrets, however written.

        That of a success has nothing to tell.
        """
        if self.code == SUCCESS:
            return replace(self, message="")
        return replace(self, message=masked(self.message, secrets))

    @property
    def error(self) -> ReturnCodeError | None:
        """Return the error that the return code stands for, or nothing for success."""
        return None if self.code == SUCCESS else error_for(self.code, self.message)

    def raise_if_too_soon(self) -> None:
        """Raise RateLimitError if the platform says that the call came too soon."""
        if isinstance(error := self.error, RateLimitError):
            raise error

    @property
    def says_no_records(self) -> bool:
        """Tell whether this is how the platform says that a list is empty."""
        return self.code == FAILED and any(words in self.message for words in _NO_RECORDS)

    @property
    def says_what(self) -> bool:
        """Tell whether it says more than that something failed."""
        return (
            self.code == SUCCESS
            or is_door_check(self.code)
            or isinstance(self.error, QuotaError)
            or self.says_no_records
        )

    def records(self) -> list[Record]:
        """Return the data as a list of records.

        Raises UnreadableReplyError if it is neither empty nor a record nor a list of them.
        """
        data = self.data
        if data is None or data == {} or (isinstance(data, str) and not data.strip()):
            return []
        listed = [data] if isinstance(data, dict) else data
        if isinstance(listed, list):
            records: list[Record] = [
                record for record in listed if isinstance(record, dict) and record
            ]
            # A list of nothing but something else must not pass for an empty one.
            if records or not listed:
                return records
        msg = "The data of the reply is no list of records"
        raise UnreadableReplyError(msg)

    def record(self) -> Record:
        """Return the data as one record.

        Raises EmptyReplyError if there is none, UnreadableReplyError if there are several.
        """
        match self.records():
            case [record]:
                return record
            case []:
                msg = "The reply holds no record"
                raise EmptyReplyError(msg)
            case _:
                msg = "The reply holds more than one record"
                raise UnreadableReplyError(msg)


def parse(body: bytes, charset: str | None) -> Reply:
    """Read the body of an answer, whatever its content type says.

    Raises UnreadableReplyError if it isn't JSON with a return code.
    """
    content = next(filter(None, map(_object, decoded(body, charset))), None)
    if content is None:
        msg = "The answer is not a JSON object"
        raise UnreadableReplyError(msg)
    if (code := integer(content.get("code"))) is None:
        msg = "The answer has no return code"
        raise UnreadableReplyError(msg)
    return Reply(
        code=code,
        message=readable(content.get("msg")),
        data=_unwrapped(content.get("data")),
        total_count=integer(content.get("totalCount")),
    )


def _object(content: str) -> dict[str, Any] | None:
    """Return the JSON object that a text holds, if it is one, or a string that holds it."""
    try:
        found = _unwrapped(_loads(content))
    except ValueError, RecursionError:
        return None
    return found if isinstance(found, dict) else None


def _loads(content: str) -> Any:
    """Parse JSON and leave numbers as they are written: `130.00` stays exact, `NaN` is a text.

    A control character in a text is no reason to lose the whole.
    """
    return _DECODER.decode(content)


def _unwrapped(data: Any) -> Any:
    """Return what a string that holds JSON holds; any other string, such as a token, as it is."""
    for _ in range(_NESTED_STRINGS):
        if not isinstance(data, str):
            break
        try:
            data = _loads(data)
        except ValueError, RecursionError:
            break
    return data
