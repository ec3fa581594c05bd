"""Tests of what hassfest and HACS would find, as far as that can be told without them."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, selector
from homeassistant.loader import async_get_integration, async_get_integration_descriptions
from homeassistant.util import yaml as yaml_util
import pytest
import voluptuous as vol

INTEGRATION: Final = Path(__file__).parents[1] / "custom_components" / "jrhsz"
# What every integration may import, besides what its manifest names.
ALWAYS_ALLOWED: Final = {
    *map(str, Platform),
    *("frontend", "homeassistant", "system_health", "websocket_api"),
}
KEY: Final = vol.Match(r"^[a-z0-9]+([_-][a-z0-9]+)*$")


def _plain(text: object) -> str:
    """Return a text that has no placeholders."""
    if not isinstance(text, str) or "{" in text:
        msg = "A text without placeholders is expected here"
        raise vol.Invalid(msg)
    return text


MANIFEST: Final = vol.Schema(
    {
        vol.Required("domain"): cv.slug,
        vol.Required("name"): str,
        vol.Required("after_dependencies"): [cv.slug],
        vol.Required("categories"): [vol.Match(r"^[a-z_]+(\.[a-z_]+)?$")],
        vol.Required("codeowners"): [vol.Match(r"^@[a-z0-9-]+$")],
        vol.Required("config_flow"): True,
        vol.Required("connectivity"): [vol.In({"cloud"})],
        vol.Required("documentation"): vol.All(vol.Url(), vol.Match("^https:")),
        vol.Required("integration_type"): "hub",
        vol.Required("iot_class"): "cloud_polling",
        vol.Required("issue_tracker"): vol.All(vol.Url(), vol.Match("^https:")),
        vol.Required("requirements"): [str],
        vol.Required("version"): vol.Match(r"^[0-9]+\.[0-9]+\.[0-9]+$"),
    }
)
FIELD: Final = vol.Schema(
    {
        vol.Optional("required"): bool,
        vol.Optional("default"): vol.Any(str, bool, int, float),
        vol.Required("selector"): selector.validate_selector,
    }
)
DESCRIBED: Final = vol.Schema(
    {
        cv.slug: {
            vol.Optional("target"): selector.TargetSelector.CONFIG_SCHEMA,
            vol.Optional("fields"): {cv.slug: FIELD},
        }
    }
)
TEXT: Final = {vol.Required("name"): str, vol.Required("description"): str}
DESCRIPTIONS: Final = {KEY: {**TEXT, vol.Optional("fields"): {KEY: TEXT}}}
NAMED: Final = {KEY: str}
STEP: Final = {
    vol.Optional("title"): str,
    vol.Optional("description"): str,
    vol.Optional("submit"): str,
    vol.Optional("data"): NAMED,
    vol.Optional("data_description"): NAMED,
    vol.Optional("menu_options"): NAMED,
    vol.Optional("menu_option_descriptions"): NAMED,
}
FLOW: Final = {
    vol.Required("step"): {KEY: STEP},
    vol.Optional("abort"): NAMED,
    vol.Optional("error"): NAMED,
    vol.Optional("progress"): NAMED,
}
ENTITY: Final = {
    vol.Required("name"): str,
    vol.Optional("state"): {KEY: _plain},
    vol.Optional("state_attributes"): {
        KEY: {vol.Optional("name"): _plain, vol.Optional("state"): {KEY: _plain}}
    },
}
ISSUE: Final = vol.Any(
    {vol.Required("title"): str, vol.Required("description"): str},
    {vol.Required("title"): str, vol.Required("fix_flow"): FLOW},
)
TRANSLATION: Final = vol.Schema(
    {
        "title": str,
        "conditions": DESCRIPTIONS,
        "config": FLOW,
        "options": FLOW,
        "entity": {cv.slug: {KEY: ENTITY}},
        "exceptions": {cv.slug: {vol.Required("message"): str}},
        "issues": {KEY: ISSUE},
        "selector": {
            cv.slug: {vol.Optional("options"): NAMED, vol.Optional("unit_of_measurement"): NAMED}
        },
        "services": DESCRIPTIONS,
        "system_health": {"info": NAMED},
        "triggers": DESCRIPTIONS,
    },
    required=True,
)
ICON: Final = vol.Match(r"^mdi:[a-z0-9-]+$")
ICONS: Final = vol.Schema(
    {
        "entity": {cv.slug: {cv.slug: {"default": ICON, vol.Optional("state"): {cv.slug: ICON}}}},
        "conditions": {cv.slug: {"condition": ICON}},
        "services": {cv.slug: {"service": ICON}},
        "triggers": {cv.slug: {"trigger": ICON}},
    }
)
RULES: Final = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow
        config-flow-test-coverage dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}


def read(name: str) -> Any:
    """Return what a file of the integration holds."""
    path = INTEGRATION / name
    return json.loads(path.read_bytes()) if path.suffix == ".json" else yaml_util.load_yaml(path)


def texts(value: Any) -> Iterator[str]:
    """Yield all texts of a translation."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    else:
        yield value


def imported() -> set[str]:
    """Return the integrations of Home Assistant that are imported."""
    found = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = list[str]()
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{name.name}" for name in node.names]
            elif isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            start = "homeassistant.components."
            found |= {
                name.removeprefix(start).split(".")[0] for name in names if name.startswith(start)
            }
    return found


def test_manifest() -> None:
    """Test the manifest's keys, and that imports are dependencies or have a platform."""
    manifest = MANIFEST(read("manifest.json"))
    platforms = {path.stem for path in INTEGRATION.glob("*.py")}
    assert imported() <= {*ALWAYS_ALLOWED, *manifest["after_dependencies"], *platforms}


async def test_loader(hass: HomeAssistant, enable_custom_integrations: None) -> None:
    """Test what Home Assistant makes of the manifest: a version that lacks a key ignores it."""
    integration = await async_get_integration(hass, "jrhsz")
    assert (integration.name, integration.loggers) == (read("manifest.json")["name"], None)
    descriptions = await async_get_integration_descriptions(hass)
    shown = descriptions["custom"]["integration"]["jrhsz"]
    assert (shown["name"], shown["config_flow"]) == (integration.name, True)
    for key in ("categories", "connectivity"):
        others = descriptions["core"]["integration"].values()
        known = {word for other in others for word in other.get(key, [])}
        assert set(shown.get(key, [])) == (set(read("manifest.json")[key]) if known else set())
        assert set(shown.get(key, [])) <= known


@pytest.mark.parametrize("name", ["conditions", "services", "triggers"])
def test_described(name: str) -> None:
    """Test that actions, conditions, triggers and their fields have selectors, texts and icons."""
    # Home Assistant leaves out what begins with a dot.
    described = {k: v for k, v in read(f"{name}.yaml").items() if not k.startswith(".")}
    found = DESCRIBED(described)
    for language in ("en", "zh-Hans"):
        told = read(f"translations/{language}.json")[name]
        assert {key: set(item["fields"]) for key, item in told.items()} == {
            key: set(item["fields"]) for key, item in found.items()
        }
    assert set(read("icons.json")[name]) == set(found)


def test_icons() -> None:
    """Test that icons are of the Material Design set."""
    ICONS(read("icons.json"))


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_texts(language: str) -> None:
    """Test that texts are where they are looked for, and what is refused in a text.

    That is HTML, addresses, quoted placeholders, those that are no names, and loose spaces.
    """
    translation = TRANSLATION(read(f"translations/{language}.json"))
    refused = re.compile(
        r"<[/a-z].*?>|'{|}'|[a-z0-9]+://|www\.|\[%key:|{(?![a-z_]+})|^\s|\s$|^$", re.IGNORECASE
    )
    assert [text for text in texts(translation) if refused.search(text)] == []


def test_quality_scale() -> None:
    """Test that every rule is done, or exempt with a reason."""
    rules = read("quality_scale.yaml")["rules"]
    assert list(rules) == [rule for tier in RULES.values() for rule in sorted(tier.split())]
    for key, rule in rules.items():
        if rule != "done":
            assert rule["status"] in {"done", "exempt"}, key
            assert len(rule["comment"]) > len("because")
