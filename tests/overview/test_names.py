"""Names of buildings and rooms: which belong together, and their order."""

import pytest

from custom_components.jrhsz.overview.names import building_name, natural, numbered


@pytest.mark.parametrize(
    ("building", "others", "name"),
    [
        ("三栋电", {"三栋水"}, "三栋"),
        ("三栋水", {"三栋电"}, "三栋"),
        ("三栋 电", {"三栋 水"}, "三栋"),
        ("三栋水", {"三栋"}, "三栋"),
        ("三栋电", {"一栋水"}, "三栋电"),
        ("丽水", {"丽水电"}, "丽水"),
        ("丽水电", {"丽水"}, "丽水"),
        ("A", {"A电"}, "A"),
        ("", set(), ""),
    ],
)
def test_name_of_a_building(building: str, others: set[str], name: str) -> None:
    """The letter goes only where another list has the same name without or with the other one."""
    assert building_name(building, {building, *others}) == name


def test_names_are_sorted_by_value() -> None:
    """Chinese, full-width and plain numbers count as numbers; no name comes last."""
    names = ["二栋", "9栋", "十栋", "１１栋", "二十栋", "二十三栋", "一〇一", "A２", "A10", ""]
    assert sorted(names, key=natural) == names


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("十五栋", "15栋"),
        ("一〇一", "101"),
        ("十栋", "10栋"),
        ("二十三栋 ３０１", "23栋 301"),
        ("A栋", "A栋"),
    ],
)
def test_numbers_are_known_as_people_type_them(name: str, typed: str) -> None:
    """Who looks for 十五栋 may type 15栋."""
    assert numbered(name) == typed
