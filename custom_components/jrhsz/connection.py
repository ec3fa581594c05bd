"""What all accounts, flows and actions of the process share: pace, sessions, HTTP."""

from dataclasses import dataclass, field

import aiohttp
from aiohttp.hdrs import USER_AGENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    EVENT_HOMEASSISTANT_CLOSE,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import (
    DATA_RESOLVER,
    SERVER_SOFTWARE,
    async_create_clientsession,
)
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import get_default_context, get_default_no_verify_context
from yarl import URL

from .api import Client, Http, Pacer, Session, reuse_trace
from .const import DOMAIN


@dataclass(slots=True)
class Connections:
    """The pacer of each host and port, the session of each account, and the HTTP sessions."""

    pacers: dict[str, Pacer] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    http: dict[bool, Http] = field(default_factory=dict)


DATA_CONNECTIONS: HassKey[Connections] = HassKey(DOMAIN)


@callback
def async_get_connections(hass: HomeAssistant) -> Connections:
    """Return what is shared in this process."""
    if DATA_CONNECTIONS not in hass.data:
        hass.data[DATA_CONNECTIONS] = shared = Connections()

        @callback
        def async_stop(_: Event) -> None:
            """Let nobody wait for the platform: Home Assistant would wait for whoever does."""
            for pacer in shared.pacers.values():
                pacer.close()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, async_stop)
    return hass.data[DATA_CONNECTIONS]


@callback
def async_get_http(hass: HomeAssistant, *, verify_ssl: bool) -> Http:
    """Return HTTP sessions that keep no cookies: they would mix the accounts of a host."""
    shared = async_get_connections(hass).http
    if verify_ssl not in shared:
        # Cleaned up by ourselves: the helper would do it when the entry that came first unloads.
        kept = async_create_clientsession(
            hass,
            verify_ssl,
            auto_cleanup=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[reuse_trace()],
        )
        # All sessions of the helper share one pool of connections.
        single = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                force_close=True,
                resolver=hass.data[DATA_RESOLVER],
                ssl=get_default_context() if verify_ssl else get_default_no_verify_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={USER_AGENT: SERVER_SOFTWARE},
            json_serialize=json_dumps,
        )
        shared[verify_ssl] = Http(single=single, kept=kept)

        async def async_close(_: Event) -> None:
            """Let go of Home Assistant's connector, and close ours."""
            kept.detach()
            await single.close()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, async_close)
    return shared[verify_ssl]


@callback
def async_get_session(hass: HomeAssistant, url: str, username: str) -> Session:
    """Return the session of an account at an address as the config flow normalizes it."""
    shared = async_get_connections(hass)
    if (key := (url, username)) not in shared.sessions:
        address = URL(url)
        host = f"{address.host}:{address.port}"
        if host not in shared.pacers:
            shared.pacers[host] = Pacer()
        pacer = shared.pacers[host]
        shared.sessions[key] = Session(url, username, pacer, now=dt_util.utcnow)
    return shared.sessions[key]


@callback
def session_of(hass: HomeAssistant, entry: ConfigEntry) -> Session:
    """Return the session of an account, whether or not it is loaded, with its credentials."""
    session = async_get_session(hass, entry.data[CONF_URL], entry.data[CONF_USERNAME])
    if not session.has_credentials:
        http = async_get_http(hass, verify_ssl=entry.data[CONF_VERIFY_SSL])
        session.use(entry.data[CONF_PASSWORD], http)
    return session


@callback
def client_of(hass: HomeAssistant, entry: ConfigEntry) -> Client:
    """Return a client of an account, whether or not it is loaded."""
    return Client(session_of(hass, entry))


@callback
def async_forget_session(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget the credentials of an account that was removed; pace and count of logins stay."""
    shared = async_get_connections(hass)
    key = (entry.data[CONF_URL], entry.data[CONF_USERNAME])
    if (session := shared.sessions.get(key)) is not None:
        session.forget_credentials()
