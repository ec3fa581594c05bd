"""Pytest plugin, loaded before all others: let an older test package run the newest Home Assistant.

The package imports httpx before Home Assistant, which from 2026.11 on refuses that, and takes a
function from a place where 2026.11 doesn't have it. To be deleted with the next test package.
"""

from importlib import import_module

import_module("homeassistant")
# The package's patches must come before any other import of Home Assistant, as in the package.
for patch in ("patch_json", "patch_recorder", "patch_time"):
    import_module(f"pytest_homeassistant_custom_component.{patch}")

moved = "_clear_logger_overwrites"
helpers = import_module("homeassistant.components.logger.helpers")
vars(import_module("homeassistant.components.logger")).setdefault(moved, vars(helpers)[moved])
