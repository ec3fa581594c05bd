"""Tests that the notifications that people paste from the documents work, against a stand-in."""

from collections.abc import AsyncGenerator
from pathlib import Path
import re
from textwrap import dedent
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script
from homeassistant.setup import async_setup_component
from homeassistant.util import yaml as yaml_util
import pytest

from .support.mail_server import MailServer

DOCS = Path(__file__).parents[1] / "docs"
TEXTS = {"title": '一栋 101: "low"', "message": "¥3.20 left.\n{not} <a> template", "tag": "one"}
TEXT = f"{TEXTS['title']}\n{TEXTS['message']}"


def pasted(language: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the configuration that a page gives, and the actions by their names."""
    page = (DOCS / language / "automations.md").read_text(encoding="utf-8")
    section = re.split(r"^## (?:Notifications|通知)$", page, flags=re.MULTILINE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    blocks = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    found: list[Any] = [yaml_util.parse_yaml(dedent(block)) for block in blocks]
    (config,) = [item for item in found if isinstance(item, dict)]
    return config, {item[0]["action"]: item for item in found if isinstance(item, list)}


class StandIn:
    """What messages come to, instead of the services on the internet."""

    def __init__(self) -> None:
        """Begin without messages."""
        self.got: list[tuple[str, Any]] = []

    async def async_take(self, request: web.Request) -> web.Response:
        """Take a message as those services do: they refuse what isn't JSON."""
        assert request.content_type == "application/json"
        self.got.append((str(request.rel_url), await request.json()))
        return web.json_response({"errcode": 0})


@pytest.fixture
async def stand_in(socket_enabled: None) -> AsyncGenerator[tuple[StandIn, str]]:
    """Run a stand-in."""
    stand_in, app = StandIn(), web.Application()
    app.router.add_post("/{path:.*}", stand_in.async_take)
    async with TestServer(app, host="127.0.0.1") as server:
        yield stand_in, str(server.make_url("")).rstrip("/")


async def notify(hass: HomeAssistant, actions: list[Any]) -> None:
    """Run pasted actions, with the texts of a blueprint."""
    script = Script(hass, cv.SCRIPT_SCHEMA(actions), "notify", "test")
    await script.async_run(TEXTS)
    await hass.async_block_till_done()


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_robots(hass: HomeAssistant, stand_in: tuple[StandIn, str], language: str) -> None:
    """Test that WeCom, Bark and DingTalk get what their interfaces want."""
    config, actions = pasted(language)
    service, address = stand_in
    for command in config["rest_command"].values():
        command["url"] = re.sub(r"^https://[^/]+", address, command["url"])
    assert await async_setup_component(hass, "rest_command", config)
    for name in ("wecom", "bark", "dingtalk"):
        await notify(hass, actions[f"rest_command.{name}"])
    title, message = TEXTS["title"], TEXTS["message"]
    assert service.got == [
        ("/cgi-bin/webhook/send?key=YOUR_KEY", {"msgtype": "text", "text": {"content": TEXT}}),
        (
            "/push",
            {"device_key": "YOUR_KEY", "title": title, "body": message, "group": "JRHSZ"},
        ),
        (
            "/robot/send?access_token=YOUR_TOKEN",
            {"msgtype": "text", "text": {"content": f"JRHSZ {TEXT}"}},
        ),
    ]


async def add_recipient(hass: HomeAssistant, port: int) -> None:
    """Add the integration *SMTP* with one recipient, as its forms ask for it."""
    server = {"server": "127.0.0.1", "port": port, "encryption": "none", "verify_ssl": True}
    shown = await hass.config_entries.flow.async_init("smtp", context={"source": "user"})
    made = await hass.config_entries.flow.async_configure(
        shown["flow_id"], {"sender": "home@example.com", **server, "options": {}}
    )
    assert made["type"] is FlowResultType.CREATE_ENTRY, made
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.subentries.async_progress()
    await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"name": "your recipient", "recipient": "you@example.com"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_mail(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Test that a mail arrives at the recipient of Home Assistant's own integration *SMTP*."""
    # Its client says where it is, which it would ask a name server for.
    monkeypatch.setattr("socket.getfqdn", lambda *_: "home.example")
    actions = pasted(language)[1]["notify.send_message"]
    async with MailServer() as server:
        await add_recipient(hass, server.port)
        (actions[0]["target"]["entity_id"],) = hass.states.async_entity_ids("notify")
        await notify(hass, actions)
        ((recipient, mail),) = server.got
        (entry,) = hass.config_entries.async_entries("smtp")
        await hass.config_entries.async_unload(entry.entry_id)
    assert recipient == "you@example.com"
    assert mail["Subject"] == TEXTS["title"]
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == TEXTS["message"]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_persistent_notification(hass: HomeAssistant, language: str) -> None:
    """Test that Home Assistant shows it, once for all of the same tag."""
    assert await async_setup_component(hass, "persistent_notification", {})
    for _ in range(2):
        await notify(hass, pasted(language)[1]["persistent_notification.create"])
    (shown,) = hass.data["persistent_notification"].values()
    assert (shown["title"], shown["message"]) == (TEXTS["title"], TEXTS["message"])
