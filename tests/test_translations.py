"""Tests of the texts in both languages."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.config_entries import ConfigFlow
from homeassistant.helpers.selector import NumberSelector
from homeassistant.util import yaml as yaml_util
import pytest

import custom_components.jrhsz
from custom_components.jrhsz import config_flow, options_flow
from custom_components.jrhsz.meters import (
    choosing_steps as flow_choosing,
    listing_steps as flow_listing,
)

INTEGRATION = Path(custom_components.jrhsz.__file__).parent
LANGUAGES = ("en", "zh-Hans")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
AMOUNT_OTHERWISE = re.compile(r"[\d}] ?(yuan|元|CNY|RMB|￥)|(CNY|RMB|￥) ?[\d{]")


def load(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    path = INTEGRATION / "translations" / f"{language}.json"
    texts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return texts


def flat(texts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each leaf."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def steps_of(flow: type) -> set[str]:
    """Return the steps of a flow."""
    start = "async_step_"
    return {name.removeprefix(start) for name in dir(flow) if name.startswith(start)}


def test_same_keys_and_placeholders() -> None:
    """Test that both languages say the same things, with the same values in them."""
    english, chinese = (dict(flat(load(language))) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(chinese[key]), key


def test_languages() -> None:
    """Test that English is English, and that no Chinese text was forgotten."""
    for key, text in flat(load("en")):
        assert not CHINESE.search(text), key
    for key, text in flat(load("zh-Hans")):
        assert CHINESE.search(text) or text.isascii() is False, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_texts(language: str) -> None:
    """Test that each step of the flows can be shown, and that there are no texts without one."""
    texts = load(language)
    shown = {
        "config": steps_of(config_flow.JrhszConfigFlow)
        - (steps_of(ConfigFlow) - {"user"})
        - {"reauth", "listing", "all_meters", "add_anyway"},
        "options": steps_of(options_flow.JrhszOptionsFlow)
        - {"meters", "listing", "all_meters", "add_anyway"},
    }
    for section, steps in shown.items():
        assert texts[section]["step"].keys() == steps
        assert texts[section]["progress"].keys() == {"listing"}
        for step, parts in texts[section]["step"].items():
            assert parts.get("data", {}).keys() == parts.get("data_description", {}).keys(), step
            assert parts.keys() & {"data", "menu_options"}, step
            assert parts["title"], step


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_is_described(language: str) -> None:
    """Test that each menu says what its options lead to."""
    texts = dict(flat(load(language)))
    options = {key for key in texts if ".menu_options." in key}
    described = {key for key in texts if ".menu_option_descriptions." in key}
    assert len(options) > 30
    assert {key.replace(".menu_option_descriptions.", ".menu_options.") for key in described} == (
        options
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_a_text(language: str) -> None:
    """Test that each error of the flows has a text wherever it may be shown."""
    texts = load(language)
    login = {key for _, key in config_flow._ERRORS} | {"wrong_account"}
    sources = (flow_listing.__file__, flow_choosing.__file__)
    source = "".join(Path(name).read_text(encoding="utf-8") for name in sources)
    choosing = {error for error in texts["config"]["error"] if f'"{error}"' in source}
    assert len(choosing) == 5
    assert texts["config"]["error"].keys() == login | choosing
    assert texts["options"]["error"].keys() == choosing | {"not_a_number", "not_chosen"}


def texts_of_blueprints() -> Iterator[tuple[str, str]]:
    """Yield each blueprint, whose texts are among much else."""
    folder = INTEGRATION.parents[1] / "blueprints"
    for path in sorted(folder.rglob("*.yaml")):
        yield path.name, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_notation_of_money(language: str) -> None:
    """Test that an amount is ¥50.00 wherever one is told, in either language."""
    texts = [*flat(load(language)), *texts_of_blueprints()]
    for key, text in texts:
        assert not AMOUNT_OTHERWISE.search(text), key
        if not key.startswith(("config.", "options.")):
            assert not re.search(r"(?<!¥)\{(amount|sum|limit|used|left)\}", text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_units_are_words(language: str) -> None:
    """Test that each field of a form has its unit in words, and no Chinese text a short one."""
    units = load(language)["selector"]["unit"]["unit_of_measurement"]
    actions = yaml_util.load_yaml_dict(str(INTEGRATION / "services.yaml"))
    fields = [
        field["selector"]["number"]
        for action in actions.values()
        for field in action["fields"].values()
        if "number" in field["selector"]
    ]
    settings = options_flow._SETTINGS.values()
    fields += [field.config for field in settings if isinstance(field, NumberSelector)]
    assert len(fields) >= 14
    for field in fields:
        assert field["translation_key"] == "unit"
        assert field["unit_of_measurement"] in units
    if language == "zh-Hans":
        assert all(CHINESE.fullmatch(word[0]) for word in units.values())
        for key, text in flat(load(language)):
            assert not re.search(r"\b(min|h|d|s|CNY)\b", text, re.ASCII), key
