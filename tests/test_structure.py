"""Tests of the rules by which the integration's files may use each other.

They are read from the imports, those for types too. Each rule is tried against a violation that is
planted in the sources as they are.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
import re
from typing import Final

from homeassistant.const import Platform
import pytest

import custom_components.jrhsz
from custom_components.jrhsz.api import Interface

FOLDER: Final = Path(custom_components.jrhsz.__file__).parent
PACKAGES: Final = {"api", "history", "importer", "meters", "overview", "recharge"}
# What Home Assistant loads by name, beside the platforms of entities.
LOADED_BY_NAME: Final = {
    "__init__",
    "condition",
    "config_flow",
    "diagnostics",
    "llm",
    "logbook",
    "options_flow",
    "repairs",
    "services",
    "system_health",
    "trigger",
    *Platform,
}
SHARED: Final = {
    "account",
    "address",
    "answers",
    "arming",
    "balance",
    "clock",
    "connection",
    "const",
    "coordinator",
    "exceptions",
    "kinds",
    "meter_state",
    "news",
    "outage",
    "reading",
    "rhythm",
    "settings",
    "store",
}
RETURN_CODES: Final = {1001, 1002, 1005, 1006, 1007, 1008, 1009}

type Sources = dict[str, str]


def sources() -> Sources:
    """Return the text of every module by its dotted name within the integration."""
    return {
        ".".join(path.relative_to(FOLDER).with_suffix("").parts): path.read_text()
        for path in FOLDER.rglob("*.py")
    }


@cache
def imports(name: str, text: str) -> tuple[str, ...]:
    """Return what a module imports: ours as `.package.module[.name]`, others in full."""
    return tuple(_imports(name, text))


def _imports(name: str, text: str) -> Iterator[str]:
    """Yield what a module imports: ours as `.package.module[.name]`, others in full."""
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            path = [*base, *(node.module or "").split(".")]
            where = ".".join(part for part in path if part)
            yield from (f".{where}.{alias.name}".replace("..", ".") for alias in node.names)


def ours(modules: Sources) -> dict[str, set[str]]:
    """Return which modules of ours each module imports."""
    return {
        name: {
            module
            for found in imports(name, text)
            if found.startswith(".") and (module := module_of(found, modules)) is not None
        }
        for name, text in modules.items()
    }


def module_of(found: str, modules: Sources) -> str | None:
    """Return the module that an import is from."""
    dotted = found.removeprefix(".")
    candidates = (dotted, f"{dotted}.__init__", dotted.rpartition(".")[0])
    package = f"{dotted.rpartition('.')[0]}.__init__".removeprefix(".")
    return next((name for name in (*candidates, package) if name in modules), None)


def package_of(name: str) -> str:
    """Return the package that a module is in; that of one on top is empty."""
    return name.partition(".")[0] if "." in name else ""


def free_of_home_assistant(modules: Sources) -> list[str]:
    """Return imports of Home Assistant by what is about the platform or pure."""
    wrong = [
        f"{name} imports {found}"
        for name, text in modules.items()
        if package_of(name) in {"api", "history"}
        for found in imports(name, text)
        if found.startswith("homeassistant")
    ]
    return wrong + [
        f"{name} imports {module}"
        for name, found in ours(modules).items()
        if package_of(name) == "history"
        for module in found
        if package_of(module) not in {"api", "history"}
    ]


def packages_apart(modules: Sources) -> list[str]:
    """Return imports between packages that don't know each other."""
    apart = {"recharge", "importer", "meters"}
    return [
        f"{name} imports {module}"
        for name, found in ours(modules).items()
        for module in found
        if (one := package_of(name)) in apart
        and (
            ((other := package_of(module)) in apart and one != other)
            or (one == "recharge" and other == "history")
        )
    ]


def shared_below(modules: Sources) -> list[str]:
    """Return imports of those packages by what all of them share."""
    return [
        f"{name} imports {module}"
        for name, found in ours(modules).items()
        if name in SHARED
        for module in found
        if package_of(module) in {"recharge", "importer", "meters"}
    ]


def nothing_runs_back_up(modules: Sources) -> list[str]:
    """Return imports by a package of what Home Assistant loads by name."""
    return [
        f"{name} imports {module}"
        for name, found in ours(modules).items()
        if package_of(name)
        for module in found
        if module in LOADED_BY_NAME
    ]


def one_door_to_the_recorder(modules: Sources) -> list[str]:
    """Return more than one module of the importer that talks to the recorder."""
    door = ("homeassistant.components.recorder", "homeassistant.helpers.recorder", "sqlalchemy")
    users = {
        name
        for name, text in modules.items()
        if package_of(name) == "importer"
        and any(found.startswith(door) for found in imports(name, text))
    }
    return sorted(users) if len(users) > 1 else []


def one_caller_of_prestore(modules: Sources) -> list[str]:
    """Return the calls of `prestore` if there is not just one; writes to the journal's orders."""
    calls = [name for name, text in modules.items() for _ in re.findall(r"\.prestore\(", text)]
    writes = [
        name
        for name, text in modules.items()
        if name != "recharge.journal"
        and re.search(
            r"\borders\[[^\]]+\] = |journal\.orders\.(pop|update|clear|setdefault)\(", text
        )
    ]
    return (calls if calls != ["recharge.send"] else []) + writes


def platform_spelled_once(modules: Sources) -> list[str]:
    """Return interfaces and return codes outside of `api`, and imports from its modules."""
    wrong = []
    imported = ours(modules)
    for name, text in modules.items():
        if package_of(name) == "api":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant):
                is_code = type(node.value) is int and node.value in RETURN_CODES
                if is_code or (isinstance(node.value, str) and node.value in set(Interface)):
                    wrong.append(f"{name} spells {node.value!r}")
        wrong += [
            f"{name} imports {module}"
            for module in imported[name]
            if package_of(module) == "api" and module != "api.__init__"
        ]
    return wrong


def no_circle(modules: Sources) -> list[str]:
    """Return the modules that are left when those that import none of the rest are taken away."""
    left = ours(modules)
    # `from . import x` names the package, which imports nothing itself.
    while leaves := [name for name, found in left.items() if not (found - {name}) & left.keys()]:
        for name in leaves:
            del left[name]
    return sorted(left)


def no_folder_like_a_platform(modules: Sources) -> list[str]:
    """Return folders that Home Assistant would take for a platform of another integration."""
    folders = {package_of(name) for name in modules} - {""}
    return sorted(folders & (LOADED_BY_NAME | {"recorder", "energy", "backup", "intent", "media"}))


RULES: Final[dict[Callable[[Sources], list[str]], dict[str, str]]] = {
    free_of_home_assistant: {
        "api.client": "from homeassistant.core import HomeAssistant",
        "history.cost": "from ..coordinator import MeterCoordinator",
    },
    packages_apart: {
        "importer.sync": "from ..meters.listing import Listing",
        "recharge.send": "from ..history.cost import Costs",
    },
    shared_below: {"coordinator": "from .importer.sync import HistoryImport"},
    nothing_runs_back_up: {"recharge.fixes_planted": "from ..sensor import SENSORS"},
    one_door_to_the_recorder: {
        "importer.sync": "from homeassistant.components.recorder import get_instance"
    },
    one_caller_of_prestore: {"recharge.limits": "async def x(c): await c.prestore()"},
    platform_spelled_once: {
        "services": 'X = "GetUserInfo"',
        "sensor": "X = 1001",
        "balance": "from .api.models import number",
    },
    no_circle: {"api.errors": "from .client import Client"},
    no_folder_like_a_platform: {"recorder.rows": "X = 1"},
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule: Callable[[Sources], list[str]]) -> None:
    """Test that the sources keep a rule, and that each planted violation of it is found."""
    modules = sources()
    assert rule(modules) == []
    for name, line in RULES[rule].items():
        assert rule(modules | {name: f"{modules.get(name, '')}\n{line}\n"}) != [], (name, line)


def without_test_file(modules: Sources, tests: set[str]) -> list[str]:
    """Return the modules whose test file isn't found by their name."""
    return sorted(
        name for name in modules if name.rpartition(".")[2] != "__init__" and name not in tests
    )


def test_files_of_tests() -> None:
    """Test that each module has its test file in the same package, and that a lack is found."""
    folder = Path(__file__).parent
    tests = {
        ".".join((*path.relative_to(folder).parent.parts, path.stem.removeprefix("test_")))
        for path in folder.rglob("test_*.py")
    }
    modules = sources()
    assert without_test_file(modules, tests) == []
    planted = {"planted": "", "recharge.planted": "", "recharge.__init__": ""}
    assert without_test_file(modules | planted, tests) == ["planted", "recharge.planted"]


def test_packages() -> None:
    """Test that the packages are those that are known, each told by a docstring and no more."""
    modules = sources()
    assert {package_of(name) for name in modules} - {""} == PACKAGES
    for package in PACKAGES:
        body = ast.parse(modules[f"{package}.__init__"]).body
        assert ast.get_docstring(ast.Module(body, []))
        assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in body)
