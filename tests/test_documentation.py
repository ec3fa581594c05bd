"""Tests that the documents are true: links, names, versions, both languages alike."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
import json
from pathlib import Path
import re
from textwrap import dedent
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util, yaml as yaml_util
import pytest

from custom_components.jrhsz import condition as conditions, services, trigger as triggers
from custom_components.jrhsz.api import Consumption, Payment
from custom_components.jrhsz.recharge import records as recharge_records
from custom_components.jrhsz.recharge.job import COUNTED
from custom_components.jrhsz.recharge.order import Order
from custom_components.jrhsz.recharge.request import RechargeOutcome
from custom_components.jrhsz.responses import payment_record
from custom_components.jrhsz.settings import MAX_METERS, shown_settings
from scripts import package

from .test_translations import flat, load

ROOT: Final = Path(__file__).parents[1]
LANGUAGES: Final = ("en", "zh-Hans")
READMES: Final = {"en": "README.md", "zh-Hans": "README.zh-Hans.md"}
PAGES: Final = {
    language: [READMES[language], *(f"docs/{language}/{name}" for name in names)]
    for language in LANGUAGES
    for folder in [ROOT / "docs" / language]
    for names in [sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))]
}
DOCUMENTS: Final = (
    *(name for names in PAGES.values() for name in names),
    *("info.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
)
REPOSITORY: Final = "https://github.com/ha-jrhsz/ha-jrhsz"
# What people type to find the integration.
SEARCHED: Final = ("抄表", "智能抄表", "水表", "电表", "预付费", "jrhsz", "prepaid", "meter")
IMPORT: Final = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
INTEGRATION: Final = ROOT / "custom_components" / "jrhsz"
FENCE: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
QUOTED: Final = {"en": r"\*([^*]+)\*", "zh-Hans": "“([^”]+)”"}
# What has another word in Chinese: 到账, 表, 查询, 能源仪表盘, 结果待确认, 点, 余额提醒值.
OTHER_WORDS: Final = (
    "入账(?!号)|表计|抄读|能源面板|未决|点按(?!钮)|低余额|没有发送任何请求|没有发出任何请求"
)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def text_of(*names: str) -> str:
    """Return documents without their examples."""
    return FENCE.sub("", whole(*names))


def whole(*names: str) -> str:
    """Return documents with their examples."""
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def headings(name: str) -> list[tuple[int, str]]:
    """Return level and text of the headings of a document."""
    found = re.findall(r"^(#+) (.+)$", text_of(name), re.MULTILINE)
    return [(len(marks), text) for marks, text in found]


def anchors(name: str) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for _, text in headings(name)}


def links(name: str) -> Iterator[str]:
    """Yield the targets of a document's links."""
    for match in LINK.finditer(text_of(name)):
        yield match[1] or match[2]


def examples(name: str) -> list[str]:
    """Return the examples in YAML of a document."""
    return [dedent(code) for language, code in FENCE.findall(whole(name)) if language == "yaml"]


def read_json(path: Path) -> Any:
    """Return what a JSON file holds."""
    return json.loads(path.read_bytes())


def keys_of_responses() -> set[str]:
    """Return the keys of what actions return."""
    order = Order(
        number="",
        account_id="",
        platform="",
        username="",
        user_code="",
        device_id="",
        meter="",
        amount=Decimal(1),
        user_id=None,
        sent=dt_util.utcnow(),
    )
    payment, reading = Payment.from_record({}), Consumption.from_record({})
    assert payment
    assert reading
    return {
        "verification",
        *(field.name for field in fields(RechargeOutcome) if field.name != "look"),
        *COUNTED,
        *("device_id", "earlier", "total"),
        *recharge_records._record(order, {None: None}),
        *payment_record(payment),
        *services._as_response(reading),
    }


def section(name: str, title: str) -> str:
    """Return the text below a heading of a document, up to the next one."""
    return re.split(r"^#+ .+$", text_of(name).split(f"# {title}\n")[1], flags=re.MULTILINE)[0]


def rows(text: str) -> list[str]:
    """Return the first cells of the rows of a text's only table."""
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    return cells[2:]


def keys_of_translations() -> dict[str, set[str]]:
    """Return the names that users rely on, by the page that explains them."""
    texts = read_json(INTEGRATION / "translations" / "en.json")
    automations = [texts["triggers"], texts["conditions"]]
    return {
        "entities": {key for platform in texts["entity"].values() for key in platform},
        "actions": {
            *(f"jrhsz.{key}" for key in texts["services"]),
            *(field for action in texts["services"].values() for field in action["fields"]),
            *("confirmed", "rejected", "unknown", "not_needed", "dry_run"),
        },
        "setup": {
            *texts["config"]["step"]["user"]["data"],
            *texts["options"]["step"]["settings"]["data"],
        },
        "automations": {
            *(f"jrhsz.{key}" for described in automations for key in described),
            *(f for described in automations for i in described.values() for f in i["fields"]),
        },
        **{
            f"{kind}/{key}": {f"jrhsz.{key}", *item["fields"]}
            for kind in ("triggers", "conditions")
            for key, item in texts[kind].items()
        },
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links(name: str) -> None:
    """Test that no link within the repository leads nowhere."""
    dead = []
    for target in links(name):
        local = unquote(target.removeprefix(IMPORT))
        if local.startswith(f"{REPOSITORY}#"):
            local = f"README.md{local.removeprefix(REPOSITORY)}"
        elif local.startswith(f"{REPOSITORY}/blob/main/"):
            local = local.removeprefix(f"{REPOSITORY}/blob/main/")
        elif not urlsplit(local).scheme:
            there = (ROOT / name).parent / urlsplit(local).path if local[0] != "#" else ROOT / name
            path = there.resolve().relative_to(ROOT).as_posix()
            local = f"{path}#{urlsplit(local).fragment}"
        parts = urlsplit(local)
        if parts.scheme:
            continue
        path = parts.path
        is_dead = not (ROOT / path).is_file()
        if not is_dead and parts.fragment not in {"", "readme"}:
            is_dead = parts.fragment not in anchors(path)
        if is_dead:
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages(language: str) -> None:
    """Test that the README leads to each page, and each page back and to its other language.

    Those of triggers and conditions are led to by the page of automations.
    """
    readme, *pages = PAGES[language]
    folder = f"docs/{language}/"
    told = {*links(readme), *(folder + link for link in links(f"{folder}automations.md"))}
    assert set(pages) <= told
    (other,) = set(LANGUAGES) - {language}
    for page in pages:
        up = "../" * page.count("/")
        back = {f"{up}{readme}#{anchor}" for anchor in anchors(readme)}
        assert back.intersection(links(page)), page
        there = page.removeprefix(folder)
        assert f"{up.removeprefix('../')}{other}/{there}" in links(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_blueprint_can_be_imported(language: str) -> None:
    """Test that a page links and imports the blueprints in its language."""
    folder = ROOT / "blueprints" / "automation" / "jrhsz"
    ours = {
        path.name
        for path in folder.iterdir()
        if ("zh-Hans" in path.name) == (language == "zh-Hans")
    }
    targets = [unquote(target) for target in links(f"docs/{language}/automations.md")]
    assert {Path(t).name for t in targets if t.startswith(IMPORT)} == ours
    assert {Path(t).name for t in targets if t.startswith("../../blueprints/")} == ours


def test_same_structure() -> None:
    """Test that both languages have the same pages, chapters, examples, tables and pictures."""
    for english, chinese in zip(*PAGES.values(), strict=True):
        pair = (english, chinese)
        assert len({name.rpartition("/")[2].replace(".zh-Hans", "") for name in pair}) == 1
        levels = [[level for level, _ in headings(name)] for name in pair]
        assert levels[0] == levels[1], pair
        for pattern in (r"^\|", r"^- ", r"^\d\. ", r"<img "):
            counts = [len(re.findall(pattern, text_of(name), re.MULTILINE)) for name in pair]
            assert counts[0] == counts[1], (pair, pattern)
        assert len(examples(english)) == len(examples(chinese)), pair


@pytest.mark.parametrize("language", LANGUAGES)
def test_names(language: str) -> None:
    """Test that every name that users rely on is explained, on the page where it is looked for.

    A trigger and a condition has a page of its own, whose example is of it.
    """
    for page, keys in keys_of_translations().items():
        name = f"docs/{language}/{page}.md"
        written = {key for key in keys if f"`{key}`" in text_of(name)}
        if "/" in page:
            written |= {key for key in keys if f": {key}\n" in whole(name)}
        assert sorted(keys - written) == [], page


@pytest.mark.parametrize("language", LANGUAGES)
def test_responses(language: str) -> None:
    """Test that every key of what actions return is explained, and what a comparison may say."""
    text = text_of(f"docs/{language}/actions.md")
    keys = keys_of_responses() | {"match", "missing", "amount_differs", "not_checked"}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def messages(language: str) -> list[list[set[str]]]:
    """Return which texts each quotation in the table of messages may be, row by row."""
    texts = dict(flat(load(language)))

    def possible(quoted: str) -> set[str]:
        """Return which texts may be meant; an ellipsis is anything."""
        pattern = ".*".join(map(re.escape, re.split(" *… *", quoted)))
        return {key for key, text in texts.items() if re.search(pattern, text, re.DOTALL)}

    return [
        [possible(quoted) for quoted in re.findall(QUOTED[language], cell)]
        for cell in rows(text_of(f"docs/{language}/troubleshooting.md"))
    ]


def test_messages() -> None:
    """Test that each message that is quoted is one of ours, and the same in both languages."""
    english, chinese = (messages(language) for language in LANGUAGES)
    for row, others in zip(english, chinese, strict=True):
        for keys, same in zip(row, others, strict=True):
            assert keys & same, (keys, same)
    quoted = {key for row in english for keys in row for key in keys}
    assert {f"config.error.{key}" for key in ("invalid_auth", "wrong_account")} <= quoted
    limits = ("limit_per_day", "limit_per_order", "limit_total_per_day", "recharge_off")
    assert {f"exceptions.{key}.message" for key in limits} <= quoted


def test_map() -> None:
    """Test that the map of the code names every module and folder, and nothing else."""
    package_map = section("CONTRIBUTING.md", "Map")
    named = set(re.findall(r"`([^`]+)`", "".join(rows(package_map))))
    there = {
        f"{path.relative_to(INTEGRATION).as_posix()}{'/' if path.is_dir() else ''}"
        for path in INTEGRATION.iterdir()
        if path.name != "__pycache__"
    }
    assert {name for name in named if not (INTEGRATION / name).exists()} == set()
    assert there - named == {"manifest.json", "quality_scale.yaml"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_defaults(language: str) -> None:
    """Test that the defaults are those of the code."""
    name = f"docs/{language}/setup.md"
    rows = {
        cells[1].strip(" `"): cells[2]
        for line in text_of(name).splitlines()
        if line.startswith("| ") and len(cells := line.strip("|").split("|")) == 4
    }
    expected = shown_settings({})
    assert expected.pop("add_new_meters") is False
    assert "off" in rows["add_new_meters"] or "关" in rows["add_new_meters"]
    large = shown_settings({"meters": [{}] * 21})["history_days"]
    found = {key: re.findall(r"[\d,]+", rows[key]) for key in expected}
    assert {key: float(values[0].replace(",", "")) for key, values in found.items()} == expected
    assert sorted(found["history_days"][1:]) == ["20", str(large)]
    assert f"{MAX_METERS:,}" in text_of(name)


@pytest.mark.parametrize("name", [name for names in PAGES.values() for name in names])
async def test_examples(hass: HomeAssistant, name: str) -> None:
    """Test that what people copy is valid, and names actions and fields that there are."""
    texts = read_json(INTEGRATION / "translations" / "en.json")["services"]
    ours = await triggers.async_get_triggers(hass)
    tests = await conditions.async_get_conditions(hass)
    for code in examples(name):
        data: Any = yaml_util.parse_yaml(code)
        data = {"actions": data} if isinstance(data, list) else data
        steps = [data] if "action" in data else data.get("actions", [])
        cv.SCRIPT_SCHEMA(steps)
        for step in steps:
            action = str(step.get("action", ""))
            if action.startswith("jrhsz."):
                assert set(step["data"]) <= set(texts[action.removeprefix("jrhsz.")]["fields"])
        for trigger in data.get("triggers", []):
            if (kind := trigger.pop("trigger")).startswith("jrhsz."):
                await ours[kind.removeprefix("jrhsz.")].async_validate_config(hass, trigger)
        for condition in data.get("conditions", []):
            if (kind := condition.pop("condition")).startswith("jrhsz."):
                ours_of_kind = tests[kind.removeprefix("jrhsz.")]
                await ours_of_kind.async_validate_config(hass, condition)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_words(name: str) -> None:
    """Test that nobody is said to be charged."""
    text = text_of(name).replace("nobody is charged", "").replace("`charges`", "")
    assert not re.search(r"\bcharg", text)


def test_chinese_words() -> None:
    """Test that one thing has one word in Chinese: 充值, 到账, 缴费, 表, 查询, 能源仪表盘."""
    written = [
        *(ROOT / name for name in (*PAGES["zh-Hans"], "info.md", "SECURITY.md")),
        *(ROOT / ".github" / "ISSUE_TEMPLATE").iterdir(),
        INTEGRATION / "translations" / "zh-Hans.json",
        *(INTEGRATION / "overview" / "frontend").glob("*.js"),
        *(ROOT / "blueprints").rglob("*.zh-Hans.yaml"),
    ]
    assert len(written) > 15
    for path in written:
        found = re.findall(OTHER_WORDS, path.read_text(encoding="utf-8"))
        assert found == [], path.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_bold(name: str) -> None:
    """Test that bold type is shown as such, also between Chinese characters.

    Inside a bold text, punctuation at its ends needs a space or more punctuation outside of it.
    """
    parts = text_of(name).split("**")
    assert len(parts) % 2 == 1
    for before, bold, after in zip(parts[:-1:2], parts[1::2], parts[2::2], strict=True):
        assert bold[0].isalnum() or not before[-1:].isalnum(), bold
        assert bold[-1].isalnum() or not after[:1].isalnum(), bold


def test_hacs() -> None:
    """Test what HACS and the Marketplace read."""
    hacs = read_json(ROOT / "hacs.json")
    assert hacs == {
        "name": "JRHSZ prepaid meters · 智能抄表",
        "filename": "jrhsz.zip",
        "hide_default_branch": True,
        "homeassistant": "2026.8.0",
        "zip_release": True,
    }
    assert hacs["name"] == whole("info.md").splitlines()[0].removeprefix("# ")
    assert (INTEGRATION / "brand" / "icon.png").is_file()
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    for name in READMES.values():
        assert "2026.8" in text_of(name)


def test_manifest() -> None:
    """Test the order of the manifest's keys, and its addresses."""
    manifest = read_json(INTEGRATION / "manifest.json")
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest["domain"] == INTEGRATION.name
    assert manifest["documentation"] == REPOSITORY
    assert manifest["issue_tracker"] == f"{REPOSITORY}/issues"
    assert manifest["requirements"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_found(language: str) -> None:
    """Test that *Add integration* finds the integration by what the documents say to type.

    It searches in names and domains, and wants a word to begin within the first 20 characters.
    `tests/e2e/` does the same in the dialog itself.
    """
    manifest = read_json(INTEGRATION / "manifest.json")
    for word in SEARCHED:
        name = manifest["name"].lower()
        assert word == manifest["domain"] or 0 <= name.find(word) <= 20, word
    for page in (READMES[language], f"docs/{language}/setup.md"):
        assert f"*{manifest['name']}*" in text_of(page)
        typed = {"en": "type `jrhsz` (`prepaid` and `meter` do as well)", "zh-Hans": "输入“抄表”"}
        assert typed[language] in text_of(page)


def test_version() -> None:
    """Test that all files name the same version."""
    assert len(set(package.versions().values())) == 1


def test_zip(tmp_path: Path) -> None:
    """Test that a release has the integration at its root, and the blueprints."""
    package.build(tmp_path / "dist" / "jrhsz.zip")
    with ZipFile(tmp_path / "dist" / "jrhsz.zip") as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest == read_json(INTEGRATION / "manifest.json")
    assert {"__init__.py", "api/client.py", "translations/zh-Hans.json", "LICENSE"} <= names
    blueprints = [name for name in names if name.startswith("blueprints/automation/jrhsz/")]
    assert len(blueprints) == 10
    assert not [name for name in names if "__pycache__" in name]


def test_release_of_another_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Test that a tag that is not the files' version is refused."""
    assert package.main("v0.0.0") == 1
    assert "tag: 0.0.0" in capsys.readouterr().out


def workflows() -> dict[str, Any]:
    """Return the workflows by name."""
    folder = ROOT / ".github" / "workflows"
    # YAML has `on` for a truth value.
    return {path.stem: yaml_util.load_yaml(path) for path in folder.iterdir()}


def test_pinned() -> None:
    """Test that workflows use actions by commit and images by digest, and have no more rights."""
    for path in (ROOT / ".github" / "workflows").iterdir():
        text = path.read_text(encoding="utf-8")
        uses, images = (
            re.findall(r"uses: (.+)", text),
            re.findall(r"(?:container|image): (.+)", text),
        )
        assert all(re.fullmatch(r"\S+@[0-9a-f]{40} # \S+", use) for use in uses)
        assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in images)
    for workflow in workflows().values():
        assert workflow["permissions"] == {}
        assert "${{ github.ref }}" in workflow["concurrency"]["group"]


def test_release_is_complete_before_it_is_published() -> None:
    """Test that the zip is attached to a draft: who reads a release at once finds it there."""
    workflow = workflows()["release"]
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    assert workflow["concurrency"]["cancel-in-progress"] is False
    steps = "\n".join(str(step.get("run")) for step in workflow["jobs"]["release"]["steps"])
    order = ["scripts/package", "--draft ", "release upload", "--draft=false"]
    assert [steps.count(part) for part in order] == [1, 1, 1, 1]
    assert sorted(order, key=steps.index) == order
