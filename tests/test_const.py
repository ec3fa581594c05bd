"""Tests of the names that more than one module uses."""

import json
from pathlib import Path

import custom_components.jrhsz
from custom_components.jrhsz.address import normalize
from custom_components.jrhsz.const import DEFAULT_URL, DOMAIN, LOGGER


def test_domain() -> None:
    """Test that the domain is the one that Home Assistant loads, and the log is the package's."""
    manifest = Path(custom_components.jrhsz.__file__).with_name("manifest.json")
    assert json.loads(manifest.read_text())["domain"] == DOMAIN
    assert LOGGER.name == "custom_components.jrhsz"


def test_default_address() -> None:
    """Test that the address that a form begins with is one that is kept as it is."""
    assert normalize(DEFAULT_URL) == DEFAULT_URL
