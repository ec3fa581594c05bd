"""Tests of what hassfest and HACS would find, as far as that can be told without them."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv, selector
from homeassistant.util import yaml as yaml_util
import pytest
import voluptuous as vol

INTEGRATION: Final = Path(__file__).parents[1] / "custom_components" / "jrhsz"
# What every integration may import, besides what its manifest names.
ALWAYS_ALLOWED: Final = {*map(str, Platform), "frontend", "system_health", "websocket_api"}
FIELD: Final = vol.Schema(
    {
        vol.Optional("required"): bool,
        vol.Optional("default"): object,
        vol.Required("selector"): selector.validate_selector,
    }
)
FIELDS: Final = vol.Schema({cv.slug: FIELD})
TEXT: Final = {vol.Required("name"): str, vol.Required("description"): str}
DESCRIBED: Final = vol.Schema({cv.slug: {**TEXT, vol.Optional("fields"): {cv.slug: TEXT}}})
ICON: Final = vol.Match(r"^mdi:[a-z0-9-]+$")
ICONS: Final = vol.Schema(
    {
        "entity": {cv.slug: {cv.slug: {"default": ICON, vol.Optional("state"): {cv.slug: ICON}}}},
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
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                if parts[:2] == ["homeassistant", "components"]:
                    found |= {parts[2]} if parts[2:] else {name.name for name in node.names}
    return found


def test_manifest() -> None:
    """Test the keys that are required, and that imports are dependencies or have a platform."""
    manifest = read("manifest.json")
    assert manifest["integration_type"] == "hub"
    assert manifest["iot_class"] == "cloud_polling"
    assert manifest["config_flow"] is True
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    dependencies = {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    platforms = {path.stem for path in INTEGRATION.glob("*.py")}
    assert imported() <= ALWAYS_ALLOWED | dependencies | platforms


@pytest.mark.parametrize(("name", "section"), [("services", "services"), ("triggers", "triggers")])
def test_described(name: str, section: str) -> None:
    """Test that actions and triggers, and their fields, have selectors, texts and icons."""
    found = read(f"{name}.yaml")
    for item in found.values():
        FIELDS(item.get("fields", {}))
        if "target" in item:
            selector.TargetSelector.CONFIG_SCHEMA(item["target"])
    for language in ("en", "zh-Hans"):
        described = DESCRIBED(read(f"translations/{language}.json")[section])
        assert {key: set(item["fields"]) for key, item in described.items()} == {
            key: set(item["fields"]) for key, item in found.items()
        }
    assert set(read("icons.json")[section]) == set(found)


def test_icons() -> None:
    """Test that icons are of the Material Design set."""
    ICONS(read("icons.json"))


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_texts(language: str) -> None:
    """Test what hassfest refuses in a text: HTML, addresses, quoted placeholders, loose spaces."""
    refused = re.compile(r"<[a-z].*?>|'{\w+}'|(https?://|www\.)[a-z0-9]|\[%key:", re.IGNORECASE)
    found = list(texts(read(f"translations/{language}.json")))
    assert [text for text in found if refused.search(text) or text != text.strip()] == []


def test_issues() -> None:
    """Test that an issue has a description or a fix flow, and not both."""
    for key, issue in read("translations/en.json")["issues"].items():
        assert ("description" in issue) != ("fix_flow" in issue), key


def test_quality_scale() -> None:
    """Test that every rule is done, or exempt with a reason."""
    rules = read("quality_scale.yaml")["rules"]
    assert list(rules) == [rule for tier in RULES.values() for rule in sorted(tier.split())]
    for key, rule in rules.items():
        if rule != "done":
            assert rule["status"] in {"done", "exempt"}, key
            assert len(rule["comment"]) > len("because")
