"""Tests of finding and naming meters."""

import pytest

from custom_components.jrhsz.api import Address, Building, Room
from custom_components.jrhsz.meters.listing import (
    Listing,
    Place,
    meter_of_code,
    places_of_addresses,
    places_of_buildings,
    split_codes,
    with_unique_names,
)
from custom_components.jrhsz.settings import ChosenMeter


def room(code: str, house_number: str = "", user_name: str = "") -> Room:
    """Return a room."""
    return Room(user_code=code, house_number=house_number, user_name=user_name)


def meter(code: str, building: str, name: str) -> ChosenMeter:
    """Return a meter."""
    return ChosenMeter(user_code=code, building=building, room=name)


def test_building_is_the_smallest_list() -> None:
    """Test that a meter in several lists is listed once, by the smallest that has it."""
    everything, electricity, inner, outer, missing = (
        Place("g", "All"),
        Place("g-1-d", "Electricity"),
        Place("g-2-d", "Inner"),
        Place("g-2", "Outer"),
        Place("g-3", "Not listed"),
    )
    listing = Listing(
        rooms={
            everything: [room("c", "301"), room("a", "101"), room("b", "201"), room("d", "", " ")],
            electricity: [room("a", " 101 "), room("a", "101"), room("x", "", "Li")],
            outer: [room("b", "201")],
            inner: [room("b", "201")],
        }
    )
    found = listing.meters([everything, electricity, outer, inner, missing])
    assert list(found.values()) == [
        meter("c", "All", "301"),
        meter("d", "All", "d"),
        meter("a", "Electricity", "101"),
        meter("x", "Electricity", "Li"),
        meter("b", "Inner", "201"),
    ]
    assert listing.meters([everything])["a"] == meter("a", "All", "101")


def test_buildings_of_one_name_are_told_apart() -> None:
    """Test that a meter knows the code of its building only if its name isn't enough."""
    first, second, other = Place("a", "Same"), Place("b", "Same"), Place("c", "Other")
    listing = Listing(
        rooms={first: [room("1", "101")], second: [room("2", "101")], other: [room("3", "101")]}
    )
    found = listing.meters([first, second, other]).values()
    assert [item.building_code for item in found] == ["a", "b", ""]
    options = [item.as_option() for item in found]
    assert options[1] == {
        "user_code": "2", "building": "Same", "room": "101", "building_code": "b"
    }  # fmt: skip
    assert options[2] == {"user_code": "3", "building": "Other", "room": "101"}
    assert [ChosenMeter.from_option(option) for option in options] == list(found)
    assert next(iter(listing.meters([first]).values())).building_code == ""


def test_places() -> None:
    """Test that lists are known by what the platform asks for, each once."""
    buildings = [
        Building(build_code="b", name="Same"),
        Building(build_code="a", name="Same"),
        Building(build_code="b", name="Other"),
    ]
    assert [(place.value, place.name) for place in places_of_buildings(buildings)] == [
        ("b", "Same"),
        ("a", "Same"),
    ]
    addresses = [
        Address(address="一层", build_code="一栋"),
        Address(address="一层", build_code="二栋"),
        Address(address="一层", build_code="一栋"),
        Address(address="大门", build_code=""),
    ]
    assert [(place.value, place.name) for place in places_of_addresses(addresses)] == [
        ('["一栋", "一层"]', "一栋 一层"),
        ('["二栋", "一层"]', "二栋 一层"),
        ('["", "大门"]', "大门"),
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        (" \n,;", []),
        ("a b\tc\r\nd", ["a", "b", "c", "d"]),
        ("a,b;c|d、e，f；g\u3000h", ["a", "b", "c", "d", "e", "f", "g", "h"]),
        ("b a b", ["b", "a"]),
        ("A-1/x.y:z", ["A-1/x.y:z"]),
        ("０１ 01", ["０１", "01"]),
    ],
)
def test_split_codes(text: str, codes: list[str]) -> None:
    """Test that codes are separated by the separators only, and otherwise left as typed."""
    assert split_codes(text) == codes


def test_names_are_unique_and_stable() -> None:
    """Test that a newcomer gets its code when its name is taken, and nobody else changes."""
    first = with_unique_names([], [meter("1", "A", "101"), meter("2", "A", "101")])
    assert first == [meter("1", "A", "101"), meter("2", "A", "101 (2)")]
    later = with_unique_names(first[1:], [meter("1", "A", "101"), meter("3", "", "A 101")])
    assert later == [
        meter("2", "A", "101 (2)"),
        meter("1", "A", "101"),
        meter("3", "", "A 101 (3)"),
    ]


def test_labels() -> None:
    """Test that a label shows what is known, once."""
    assert meter("1", "A", "101").label == "A · 101 · 1"
    assert meter_of_code("1").label == "1"
