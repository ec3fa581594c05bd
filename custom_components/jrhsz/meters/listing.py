"""Asking the platform which meters an account has, call by call, so that it can go on later."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
import json
import re
from typing import Final
import unicodedata

from ..api import (
    UNKNOWN_METER,
    Address,
    AuthenticationError,
    Building,
    Client,
    ExchangeError,
    NoApiPermissionError,
    PlatformError,
    QuotaError,
    RateLimitError,
    ReplyError,
    Room,
)
from ..settings import ChosenMeter

_SEPARATORS: Final = re.compile(r"[\s,;|、，；]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A list of rooms that can be asked for: of a building, of an address, or of the account.

    `value` is what the options remember it by, `name` what its meters' devices are named after.
    """

    value: str = ""
    name: str = ""
    source: Building | Address | None = None


ACCOUNT: Final = Place()


@dataclass(slots=True)
class Listing:
    """What is to be asked, and what was answered so far.

    `codes` are the codes that were asked for, in the form in which the platform knows them;
    `failed` is what was refused by itself, while others may have been answered.
    """

    todo: list[Place | str] = field(default_factory=list)
    rooms: dict[Place, list[Room]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    failed: dict[Place | str, PlatformError] = field(default_factory=dict)

    async def async_go_on(self, client: Client, progressed: Callable[[], None]) -> None:
        """Ask what is to be asked; one that fails doesn't hide those after it.

        An error that isn't about what was asked for ends it, and what was answered stays.
        """
        broke = False
        while self.todo:
            item = self.todo[0]
            try:
                await self._async_ask(client, item)
            except AuthenticationError, NoApiPermissionError, QuotaError, RateLimitError:
                raise
            except (ReplyError, ExchangeError) as err:
                if broke and isinstance(err, ExchangeError):
                    raise
                broke = isinstance(err, ExchangeError)
                self.failed[item] = err
            else:
                broke = False
                self.failed.pop(item, None)
            del self.todo[0]
            progressed()

    async def _async_ask(self, client: Client, item: Place | str) -> None:
        """Ask for the rooms of a place, or whether a code is known."""
        match item:
            case Place() as place:
                self.rooms[place] = await _rooms(client, place)
            case code:
                self.codes[code] = await _known_code(client, code)

    def meters(self, places: Iterable[Place]) -> dict[str, ChosenMeter]:
        """Return the meters of these places; a building is the smallest list that has it.

        Codes nest, so that of two lists as small the one with the longer code is the inner one.
        """
        listed = [place for place in places if place in self.rooms]
        sizes = {place: len({room.user_code for room in self.rooms[place]}) for place in listed}
        uses = Counter(place.name for place in listed)
        smallest: dict[str, tuple[int, ChosenMeter]] = {}
        for index, place in sorted(
            enumerate(listed), key=lambda item: (sizes[item[1]], -len(item[1].value))
        ):
            for room in self.rooms[place]:
                meter = ChosenMeter(
                    user_code=room.user_code,
                    building=place.name,
                    room=_room_name(room),
                    building_code=place.value if uses[place.name] > 1 else "",
                )
                smallest.setdefault(room.user_code, (index, meter))
        ordered = sorted(smallest.values(), key=lambda item: item[0])
        return {meter.user_code: meter for _, meter in ordered}


async def async_get_places(client: Client, way: str) -> list[Place]:
    """Ask for the lists that an account has, `by_building` or `by_address`."""
    if way == "by_building":
        places = places_of_buildings(await client.get_buildings())
    else:
        places = places_of_addresses(await client.get_addresses())
    return places or [ACCOUNT]


def places_of_buildings(buildings: Iterable[Building]) -> list[Place]:
    """Return the lists of buildings, known by their codes."""
    unique: dict[str, Building] = {}
    for building in buildings:
        unique.setdefault(building.build_code, building)
    return [Place(code, building.name, building) for code, building in unique.items()]


def places_of_addresses(addresses: Iterable[Address]) -> list[Place]:
    """Return the lists of addresses; only together with its building an address is unique."""
    unique = list(dict.fromkeys(addresses))
    uses = Counter(address.address for address in unique)
    return [
        Place(
            json.dumps([address.build_code, address.address], ensure_ascii=False),
            f"{address.build_code} {address.address}".strip()
            if uses[address.address] > 1
            else address.address,
            address,
        )
        for address in unique
    ]


def split_codes(text: str) -> list[str]:
    """Return the codes of a text, each once and exactly as typed."""
    return [code for code in dict.fromkeys(_SEPARATORS.split(text)) if code]


def meter_of_code(code: str) -> ChosenMeter:
    """Return a meter of which nothing but the code is known."""
    return ChosenMeter(user_code=code, building="", room=code)


def is_made_unique(meter: ChosenMeter, room: str) -> bool:
    """Tell whether a meter's room has this name, with the code because the name was taken."""
    return meter.room == _with_code(room, meter.user_code)


def _with_code(room: str, user_code: str) -> str:
    """Return the name of a room that another meter has too."""
    return f"{room} ({user_code})"


def with_unique_names(
    kept: Iterable[ChosenMeter], newcomers: Iterable[ChosenMeter]
) -> list[ChosenMeter]:
    """Return all meters; a newcomer whose name is taken gets its code beside the room."""
    meters = list(kept)
    taken = {meter.device_name for meter in meters}
    for meter in newcomers:
        if meter.device_name in taken:
            meters.append(replace(meter, room=_with_code(meter.room, meter.user_code)))
        else:
            taken.add(meter.device_name)
            meters.append(meter)
    return meters


def _room_name(room: Room) -> str:
    """Return what a room is called."""
    return room.house_number.strip() or room.user_name.strip() or room.user_code


async def _rooms(client: Client, place: Place) -> list[Room]:
    """Return the rooms of a place."""
    match place.source:
        case Building(build_code=build_code):
            return await client.get_rooms(build_code)
        case Address() as address:
            return await client.get_rooms_at(address)
        case _:
            return await client.get_rooms()


async def _known_code(client: Client, code: str) -> str:
    """Return the code in the form in which the platform knows it: as typed, or of usual width."""
    usual = unicodedata.normalize("NFKC", code)
    try:
        await client.get_meter(code)
    except UNKNOWN_METER:
        if usual == code:
            raise
        await client.get_meter(usual)
        return usual
    return code
