"""Build the zip of a release: the integration's files at its root, the blueprints beside them."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import sys
import tomllib
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "jrhsz"
ZIP = ROOT / "dist" / "jrhsz.zip"


def main(tag: str | None = None) -> int:
    """Build the zip and return the exit code."""
    found = versions() | ({} if tag is None else {"tag": tag.removeprefix("v")})
    if len(set(found.values())) != 1:
        print("the versions differ:", ", ".join(f"{k}: {v}" for k, v in found.items()))
        return 1
    build(ZIP)
    print(f"{ZIP.relative_to(ROOT)}: version {found['manifest.json']}")
    return 0


def versions() -> dict[str, str]:
    """Return the version by the file that names it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S*)", changes, re.MULTILINE)
    return {
        "manifest.json": json.loads((INTEGRATION / "manifest.json").read_bytes())["version"],
        "pyproject.toml": project["project"]["version"],
        "CHANGELOG.md": newest[1] if newest else "none",
    }


def build(path: Path) -> None:
    """Write the zip; the same files give the same bytes."""
    path.parent.mkdir(exist_ok=True)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, source in sorted(members()):
            info = ZipInfo(name)
            info.external_attr = 0o644 << 16
            archive.writestr(info, source.read_bytes(), ZIP_DEFLATED)


def members() -> Iterator[tuple[str, Path]]:
    """Yield what belongs into the zip: the name there and the file here."""
    yield "LICENSE", ROOT / "LICENSE"
    for source in INTEGRATION.rglob("*"):
        if source.is_file() and "__pycache__" not in source.parts:
            yield source.relative_to(INTEGRATION).as_posix(), source
    for source in (ROOT / "blueprints").rglob("*.yaml"):
        yield source.relative_to(ROOT).as_posix(), source


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
