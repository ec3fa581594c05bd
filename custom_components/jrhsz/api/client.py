"""The nine interfaces of the platform, one method each.

Source of each: the section of the platform's interface document that its docstring names. Money
is in yuan, readings in kWh or m³, times are aware. Every method but `prestore` waits for the pace
of its interface and raises, apart from what it names itself:

- NotSentError (ConnectError, NotPermittedError, ContestedError) if nothing was sent,
- ExchangeError if the connection broke, ExchangeTimeoutError after 30 s,
- a ReplyError if the answer is not a success; of these, AuthenticationError and
  NoApiPermissionError mean that the *login* was refused.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
import re
from typing import Final

from .errors import (
    AuthenticationError,
    CodeDeniedError,
    FailedError,
    HttpStatusError,
    InterfaceDeniedError,
    KeptConnectionError,
    MissingParameterError,
    NoApiPermissionError,
    NotPermittedError,
    NotSentError,
    PlatformError,
    QuotaError,
    RateLimitError,
    ReplyError,
    ReturnCodeError,
    TokenError,
    UnknownCodeError,
)
from .interface import Interface
from .login import Token
from .models import (
    Address,
    Building,
    Consumption,
    MeterInfo,
    Payment,
    Record,
    Room,
)
from .reply import Reply
from .session import Session
from .span import SpanReader, Timed
from .transport import Encoding
from .turns import Priority, Turn

_SUBJECTS: Final = ("user_code", "build_code", "address")

type _Fields = dict[str, str | int]


class Client:
    """The platform as one account sees it; `session` holds the login."""

    def __init__(self, session: Session) -> None:
        """Use a session."""
        self.session = session
        self._shared_addresses: set[str] = set()
        self._reported: dict[str, datetime] = {}

    async def get_buildings(self, turn: Turn | None = None) -> list[Building]:
        """Return the account's buildings, getBuildCode (4.2). Codes nest and lists overlap."""
        return _readable(Building.from_record, await self._list(Interface.BUILDINGS, {}, turn))

    async def get_rooms(
        self, build_code: str | None = None, turn: Turn | None = None
    ) -> list[Room]:
        """Return the rooms of a building, or of the account, getUserCodeByAccount (4.3)."""
        fields = _building(build_code)
        return _readable(Room.from_record, await self._list(Interface.ROOMS, fields, turn))

    async def get_meter(self, user_code: str, turn: Turn | None = None) -> MeterInfo:
        """Return what a meter showed last, GetUserInfo (4.4).

        Raises EmptyReplyError if the platform knows nothing about the code.
        """
        reply = await self._read(Interface.METER, {"user_code": user_code}, turn or Turn())
        info = MeterInfo.from_record(reply.record())
        if info.read_time is not None:
            self._reported[user_code] = info.read_time
        return info

    async def prestore(self, user_code: str, order_number: str, amount: Decimal) -> None:
        """Book credit in yuan on a meter, Prestore (4.5): sends at most once, whatever happens.

        Returns if the platform answered 200. Raises NotSentError if nothing was sent; after
        any other PlatformError the credit may have been booked: see `recharge/` for what each
        means.
        """
        try:
            self.session.raise_if_denied(Interface.RECHARGE)
            token = await self.session.token()
        except NotSentError:
            raise
        except PlatformError as err:
            msg = "No login could be had"
            raise NotSentError(msg) from err
        fields: _Fields = {
            "user_code": user_code,
            "out_trade_no": order_number,
            "total_fee": f"{amount:.2f}",
        }
        reply = await self.session.send(Interface.RECHARGE, fields, token, self.session.encoding)
        # The next order logs in anew, or isn't sent; this one is not sent again.
        match reply.error:
            case InterfaceDeniedError() if self.session.is_denied_to(Interface.RECHARGE, user_code):
                pass
            case InterfaceDeniedError() if token.is_young(self.session.now()):
                self.session.deny(Interface.RECHARGE)
            case TokenError() | InterfaceDeniedError():
                self.session.end(token)
        if reply.status != HTTPStatus.OK:
            # Whatever the code, something on the way failed: nobody knows when.
            raise HttpStatusError(reply.status)
        if isinstance(reply.error, QuotaError):
            # Of reads it means that they wait; an order is not sent again.
            raise FailedError(reply.code, reply.message)
        if reply.error:
            raise reply.error
        self.session.confirm(token, Interface.RECHARGE, user_code)

    async def get_payments(
        self,
        user_code: str,
        begin: datetime,
        end: datetime,
        turn: Turn | None = None,
        *,
        complete: bool = False,
    ) -> list[Payment]:
        """Return a meter's payments of a span, GetPaymentList (4.6), in the platform's order.

        Both ends belong to the span. A payment whose time can't be read is kept. A list that is to
        be `complete`, because it must prove that something is absent, is read until its end is
        seen, in a form of dates that has shown records of this account, or else in both forms,
        which must agree. Raises IncompleteListError if that isn't so.
        """
        return await self._span(
            Interface.PAYMENTS,
            Payment.from_record,
            user_code,
            (begin, end),
            turn,
            complete=complete,
        )

    async def get_consumption(
        self, user_code: str, begin: datetime, end: datetime, turn: Turn | None = None
    ) -> list[Consumption]:
        """Return a meter's readings of a span, GetConsumenList (4.7), in the platform's order.

        Both ends belong to the span. A record whose time can't be read is kept.
        """
        return await self._span(
            Interface.CONSUMPTION, Consumption.from_record, user_code, (begin, end), turn
        )

    async def get_addresses(
        self, build_code: str | None = None, turn: Turn | None = None
    ) -> list[Address]:
        """Return the addresses of a building, or of the account, getAddress (4.8)."""
        fields = _building(build_code)
        records = await self._list(Interface.ADDRESSES, fields, turn)
        addresses = _readable(Address.from_record, records)
        uses = Counter(address.address for address in addresses)
        self._shared_addresses.update(name for name, count in uses.items() if count > 1)
        return addresses

    async def get_rooms_at(self, address: Address, turn: Turn | None = None) -> list[Room]:
        """Return the rooms at an address, addressUserInfo (4.9).

        Where the building that getAddress itself gave is refused, or leads nowhere, the address is
        asked for without it. Where buildings share it, those of its rooms are kept that are listed
        for the building, if that can be told.
        """
        whole: _Fields = {"address": address.address}
        if not address.build_code:
            return await self._rooms_at(whole, turn)
        try:
            found = await self._rooms_at({**whole, "build_code": address.build_code}, turn)
        except FailedError, MissingParameterError, CodeDeniedError:
            found = None
        if found:
            return found
        try:
            rooms = await self._rooms_at(whole, turn)
        except FailedError, MissingParameterError, CodeDeniedError:
            if found is None:
                raise
            return []
        return await self._in_building(rooms, address, turn)

    async def _rooms_at(self, fields: _Fields, turn: Turn | None) -> list[Room]:
        """Return the rooms at an address, with its building or without."""
        records = await self._list(Interface.ROOMS_AT_ADDRESS, fields, turn)
        return _readable(Room.from_record, records)

    async def _in_building(
        self, rooms: list[Room], address: Address, turn: Turn | None
    ) -> list[Room]:
        """Return the rooms that are listed for an address's building, or all if none is."""
        if not rooms or address.address not in self._shared_addresses:
            return rooms
        # Of 1栋 are 1栋电 and 1栋水, but not 1栋2.
        building = re.compile(rf"{re.escape(address.build_code)}(?![0-9A-Za-z])")
        try:
            listed = {
                room.user_code
                for item in await self.get_buildings(turn)
                if building.match(item.name) or building.match(item.build_code)
                for room in await self.get_rooms(item.build_code, turn)
            }
        except NotPermittedError, ReturnCodeError:
            return rooms
        return [room for room in rooms if room.user_code in listed] or rooms

    async def _list(self, interface: Interface, fields: _Fields, turn: Turn | None) -> list[Record]:
        """Return the records of an interface that isn't paged."""
        return (await self._read(interface, fields, turn or Turn())).records()

    async def _span[ItemT: Timed](
        self,
        interface: Interface,
        from_record: Callable[[Record], ItemT | None],
        user_code: str,
        span: tuple[datetime, datetime],
        turn: Turn | None,
        *,
        complete: bool = False,
    ) -> list[ItemT]:
        """Return a meter's records of a span, and remember what was learnt of the platform."""
        turn = turn or Turn()

        def ask(fields: Mapping[str, str | int], is_attempt: bool) -> Awaitable[Reply]:  # noqa: FBT001  a callback
            """Ask for a page; what is an attempt already needs no other encoding."""
            send = self._call if is_attempt else self._read
            return send(interface, {"user_code": user_code, **fields}, turn)

        session = self.session
        habits, now = session.habits[interface], session.now()
        before = habits.as_dict()
        reported = self._reported.get(user_code) if interface is Interface.CONSUMPTION else None
        reader = SpanReader(
            habits=habits,
            ask=ask,
            from_record=from_record,
            user_code=user_code,
            now=now,
            today=max(now, session.platform_now or now),
            urgent=turn.priority <= Priority.ASKED,
            proven=session.proven_dates,
            knows_pages=any(known.first_page == 1 for known in session.habits.values()),
            whole=complete,
            expected=reported is not None and span[0] <= reported <= span[1],
        )
        try:
            return await (reader.read_whole(*span) if complete else reader.read(*span))
        finally:
            if habits.as_dict() != before:
                session.on_change(False)

    async def _read(self, interface: Interface, fields: _Fields, turn: Turn) -> Reply:
        """Call an interface that only reads, in the other encoding if it finds no parameters."""
        try:
            return await self._call(interface, fields, turn)
        except MissingParameterError as refused:
            other = self.session.encoding.other
            try:
                reply = await self._call(interface, fields, turn, other)
            except (
                AuthenticationError,
                CodeDeniedError,
                NoApiPermissionError,
                RateLimitError,
                TokenError,
            ):
                raise
            except ReplyError:
                raise refused from None
            self.session.note_encoding(other)
            return reply

    async def _call(
        self, interface: Interface, fields: _Fields, turn: Turn, encoding: Encoding | None = None
    ) -> Reply:
        """Call an interface that only reads, once more with a new token if that may help.

        Once more too if a connection broke that was kept open.
        """
        session = self.session
        subject = _subject(fields)
        may_log_in = True

        async def prepare() -> Token:
            """Return a token when the turn has come."""
            session.raise_if_denied(interface)
            session.quota.raise_if_used_up(interface, session.now())
            try:
                token = await session.token()
            except (FailedError, MissingParameterError) as err:
                # It is the login that these are about: the remedies for this call are no use.
                raise UnknownCodeError(err.code, err.message) from err
            session.quota.begin(interface, session.now())
            return token

        async def exchange(token: Token) -> Reply:
            """Send the request."""
            return await session.send(interface, fields, token, encoding or session.encoding)

        while True:
            try:
                token, reply = await session.pacer.run(interface, turn, prepare, exchange)
            except KeptConnectionError:
                token, reply = await session.pacer.run(interface, turn, prepare, exchange)
            session.note_answer(interface, reply.error)
            if reply.says_no_records or not (error := reply.error):
                session.confirm(token, interface, subject)
                return reply
            match error:
                case InterfaceDeniedError():
                    self._judge(interface, subject, token, error, is_last=not may_log_in)
                    session.end(token)
                case TokenError():
                    session.end(token)
                    if not may_log_in:
                        raise error
                case _:
                    raise error
            may_log_in = False

    def _judge(
        self,
        interface: Interface,
        subject: str,
        token: Token,
        denied: InterfaceDeniedError,
        *,
        is_last: bool,
    ) -> None:
        """Raise what a denial means, unless a new token may help."""
        session = self.session
        is_final = is_last or token.is_young(session.now())
        if not is_final and not session.has_answered(interface):
            return
        if session.is_denied_to(interface, subject):
            raise CodeDeniedError(denied.code, denied.message)
        if is_final:
            raise session.deny(interface) from denied


def _subject(fields: _Fields) -> str:
    """Return what a call is about: a meter, or a place."""
    return "|".join(str(fields[name]) for name in _SUBJECTS if name in fields)


def _building(build_code: str | None) -> _Fields:
    """Return the field for an optional building."""
    return {"build_code": build_code} if build_code else {}


def _readable[ItemT](
    from_record: Callable[[Record], ItemT | None], records: list[Record]
) -> list[ItemT]:
    """Return the records that name what they are about, each once."""
    items = (item for record in records if (item := from_record(record)) is not None)
    return list(dict.fromkeys(items))
