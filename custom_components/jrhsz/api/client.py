"""The nine interfaces of the platform, one method each.

Source of each: the section of the platform's interface document that its docstring names. Money
is in yuan, readings in kWh or m³, times are aware. Every method but `prestore` waits for the pace
of its interface and raises, apart from what it names itself:

- NotSentError (ConnectError, NotPermittedError, ContestedError) if nothing was sent,
- ExchangeError if the connection broke, ExchangeTimeoutError after 30 s,
- a ReplyError if the answer is not a success; of these, AuthenticationError and
  NoApiPermissionError mean that the *login* was refused.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from .errors import (
    AuthenticationError,
    FailedError,
    IncompleteListError,
    InterfaceDeniedError,
    MissingParameterError,
    NoApiPermissionError,
    NotSentError,
    PlatformError,
    RateLimitError,
    ReplyError,
    TokenError,
    UnknownCodeError,
)
from .interface import Interface
from .login import Token
from .models import (
    CHINA_STANDARD_TIME,
    Address,
    Building,
    Consumption,
    MeterInfo,
    Payment,
    Record,
    Room,
)
from .pacer import Turn
from .reply import Reply
from .session import DATE_FORMATS, Session
from .transport import Encoding

MAX_PAGE_SIZE: Final = 1000
_MAX_PAGES: Final = 200
_DAY: Final = timedelta(days=1)

type _Fields = dict[str, str | int]


class _Timed(Protocol):
    """A record that stands at a time in its list."""

    @property
    def time(self) -> datetime | None:
        """Return the time."""


class Client:
    """The platform as one account sees it; `session` holds the login."""

    def __init__(self, session: Session) -> None:
        """Use a session."""
        self.session = session

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
        return MeterInfo.from_record(reply.record())

    async def prestore(self, user_code: str, order_number: str, amount: Decimal) -> None:
        """Book credit in yuan on a meter, Prestore (4.5): sends at most once, whatever happens.

        Returns if the platform answered 200. Raises NotSentError if nothing was sent; after
        any other PlatformError the credit may have been booked: see `recharge.py` for what each
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
            case InterfaceDeniedError() if token.is_young(self.session.now()):
                self.session.deny(Interface.RECHARGE)
            case TokenError() | InterfaceDeniedError():
                self.session.end(token)
        if reply.error:
            raise reply.error
        self.session.confirm(token, Interface.RECHARGE)

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
        paged = self._whole if complete else self._paged
        items = await paged(Interface.PAYMENTS, Payment.from_record, user_code, (begin, end), turn)
        return [item for item in items if item.time is None or begin <= item.time <= end]

    async def get_consumption(
        self, user_code: str, begin: datetime, end: datetime, turn: Turn | None = None
    ) -> list[Consumption]:
        """Return a meter's readings of a span, GetConsumenList (4.7), in the platform's order.

        Both ends belong to the span. A record whose time can't be read is kept.
        """
        items = await self._paged(
            Interface.CONSUMPTION, Consumption.from_record, user_code, (begin, end), turn
        )
        return [item for item in items if item.time is None or begin <= item.time <= end]

    async def get_addresses(
        self, build_code: str | None = None, turn: Turn | None = None
    ) -> list[Address]:
        """Return the addresses of a building, or of the account, getAddress (4.8)."""
        fields = _building(build_code)
        return _readable(Address.from_record, await self._list(Interface.ADDRESSES, fields, turn))

    async def get_rooms_at(self, address: Address, turn: Turn | None = None) -> list[Room]:
        """Return the rooms at an address, addressUserInfo (4.9)."""
        fields = {"address": address.address, **_building(address.build_code)}
        return _readable(
            Room.from_record, await self._list(Interface.ROOMS_AT_ADDRESS, fields, turn)
        )

    async def _list(self, interface: Interface, fields: _Fields, turn: Turn | None) -> list[Record]:
        """Return the records of an interface that isn't paged."""
        return (await self._read(interface, fields, turn or Turn())).records()

    async def _paged[ItemT: _Timed](
        self,
        interface: Interface,
        from_record: Callable[[Record], ItemT],
        user_code: str,
        span: tuple[datetime, datetime],
        turn: Turn | None,
    ) -> list[ItemT]:
        """Return a list of a span, asked for with times or, if that is refused, with dates."""
        turn = turn or Turn()
        first, second = DATE_FORMATS
        if self.session.date_format == second:
            first, second = second, first
        try:
            items = await self._pages(interface, _window(user_code, span, first), from_record, turn)
        except (FailedError, MissingParameterError) as refused:
            try:
                items = await self._pages(
                    interface, _window(user_code, span, second), from_record, turn
                )
            except FailedError, MissingParameterError:
                raise refused from None
            self.session.note(date_format=second)
            first = second
        # Readings are there for every meter; payments, where there are any, are the better proof.
        if items and (interface is Interface.PAYMENTS or self.session.proven_format is None):
            self.session.note(proven_format=first)
        return items

    async def _whole[ItemT: _Timed](
        self,
        interface: Interface,
        from_record: Callable[[Record], ItemT],
        user_code: str,
        span: tuple[datetime, datetime],
        turn: Turn | None,
    ) -> list[ItemT]:
        """Return a list of a span of which it is proven that nothing is missing.

        A form of dates that the platform doesn't read may be answered with an empty list.
        """
        turn = turn or Turn()
        proven = self.session.proven_format
        lists = {
            date_format: await self._pages(
                interface,
                _window(user_code, span, date_format),
                from_record,
                turn,
                to_the_end=True,
            )
            for date_format in (DATE_FORMATS if proven is None else (proven,))
        }
        if proven is None:
            proven = next((shown for shown, items in lists.items() if items), DATE_FORMATS[0])
            if lists[proven]:
                self.session.note(proven_format=proven)
        whole = lists[proven]
        if any(set(items) - set(whole) for items in lists.values()):
            msg = "The list differs with the form of dates"
            raise IncompleteListError(msg)
        return whole

    async def _pages[ItemT](
        self,
        interface: Interface,
        fields: _Fields,
        from_record: Callable[[Record], ItemT],
        turn: Turn,
        *,
        to_the_end: bool = False,
    ) -> list[ItemT]:
        """Return what is on all pages, trusting neither their sizes nor `totalCount`.

        To the end of the list means until a page is empty or brings nothing new.
        """
        items: list[ItemT] = []
        seen: set[ItemT] = set()
        for page_number in range(1, _MAX_PAGES + 1):
            paging: _Fields = {"pageNo": page_number, "pageSize": MAX_PAGE_SIZE}
            reply = await self._read(interface, fields | paging, turn)
            page = list(map(from_record, reply.records()))
            # Alike on one page are two records; on two pages it is one that moved, or a page again.
            if not (new := [item for item in page if item not in seen]):
                return items
            items += new
            seen.update(new)
            is_short = len(page) < MAX_PAGE_SIZE and reply.total_count in {None, len(items)}
            if is_short and not to_the_end:
                return items
        if to_the_end:
            msg = "The end of the list was not seen"
            raise IncompleteListError(msg)
        return items

    async def _read(self, interface: Interface, fields: _Fields, turn: Turn) -> Reply:
        """Call an interface that only reads, in the other encoding if it finds no parameters."""
        try:
            return await self._call(interface, fields, turn)
        except MissingParameterError as refused:
            other = self.session.encoding.other
            try:
                reply = await self._call(interface, fields, turn, other)
            except AuthenticationError, NoApiPermissionError, RateLimitError, TokenError:
                raise
            except ReplyError:
                raise refused from None
            self.session.note(encoding=other)
            return reply

    async def _call(
        self, interface: Interface, fields: _Fields, turn: Turn, encoding: Encoding | None = None
    ) -> Reply:
        """Call an interface that only reads, once more with a new token if that may help."""
        session = self.session
        may_log_in = True

        async def prepare() -> Token:
            """Return a token when the turn has come."""
            session.raise_if_denied(interface)
            try:
                return await session.token()
            except (FailedError, MissingParameterError) as err:
                # It is the login that these are about: the remedies for this call are no use.
                raise UnknownCodeError(err.code, err.message) from err

        async def exchange(token: Token) -> Reply:
            """Send the request."""
            return await session.send(interface, fields, token, encoding or session.encoding)

        while True:
            token, reply = await session.pacer.run(interface, turn, prepare, exchange)
            error = None if reply.says_no_records else reply.error
            match error:
                case None:
                    session.confirm(token, interface)
                    return reply
                case TokenError():
                    session.end(token)
                    if not may_log_in:
                        raise error
                case InterfaceDeniedError() if may_log_in and not token.is_young(session.now()):
                    session.end(token)
                case InterfaceDeniedError():
                    raise session.deny(interface) from error
                case _:
                    raise error
            may_log_in = False


def _building(build_code: str | None) -> _Fields:
    """Return the field for an optional building."""
    return {"build_code": build_code} if build_code else {}


def _readable[ItemT](
    from_record: Callable[[Record], ItemT | None], records: list[Record]
) -> list[ItemT]:
    """Return the records that name what they are about, each once."""
    items = (item for record in records if (item := from_record(record)) is not None)
    return list(dict.fromkeys(items))


def _window(user_code: str, span: tuple[datetime, datetime], date_format: str) -> _Fields:
    """Return the fields that ask for a span, and for a day more at both sides.

    Neither the format nor the ends of the platform's window are documented.
    """
    begin, end = span
    return {
        "user_code": user_code,
        "BeginDate": _first_moment(begin - _DAY).strftime(date_format),
        "EndDate": _last_moment(end + _DAY).strftime(date_format),
    }


def _first_moment(time: datetime) -> datetime:
    """Return the start of a time's day, in China Standard Time."""
    local = time.astimezone(CHINA_STANDARD_TIME)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _last_moment(time: datetime) -> datetime:
    """Return the last second of a time's day, in China Standard Time."""
    return _first_moment(time) + _DAY - timedelta(seconds=1)
