"""Adding an account, its new password and its new address."""

from collections.abc import Mapping
import itertools
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .address import InvalidAddressError, account_id, normalize, visible
from .api import (
    UNKNOWN_METER,
    AuthenticationError,
    CertificateError,
    Client,
    ConnectError,
    ContestedError,
    ExchangeError,
    HttpStatusError,
    NoApiPermissionError,
    NotPermittedError,
    PlatformError,
    RateLimitError,
    RedirectError,
    UnreadableReplyError,
)
from .connection import async_get_http, async_get_session
from .const import DEFAULT_URL, DOMAIN
from .coordinator import JrhszConfigEntry
from .meters.choosing_steps import ChoosingFlow
from .options_flow import JrhszOptionsFlow
from .settings import chosen_meters
from .texts import plain

_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
_PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_VERIFY_SSL: Final = BooleanSelector()
_ACCOUNT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL, default=DEFAULT_URL): _URL,
        vol.Required(CONF_USERNAME): _USERNAME,
        vol.Required(CONF_PASSWORD): _PASSWORD,
        vol.Required(CONF_VERIFY_SSL, default=True): _VERIFY_SSL,
    }
)
_REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})

# From the special to the general: the first class that fits gives the error.
_ERRORS: Final[tuple[tuple[type[PlatformError], str], ...]] = (
    (AuthenticationError, "invalid_auth"),
    (NoApiPermissionError, "no_api_permission"),
    (RateLimitError, "rate_limited"),
    (ContestedError, "rate_limited"),
    (NotPermittedError, "reading_not_permitted"),
    (HttpStatusError, "wrong_address"),
    (UnreadableReplyError, "wrong_address"),
    (CertificateError, "invalid_certificate"),
    (ConnectError, "cannot_connect"),
    (ExchangeError, "cannot_connect"),
    (PlatformError, "unknown"),
)
_SERVER_ERROR: Final = 500
_TRIED_METERS: Final = 10


class JrhszConfigFlow(ChoosingFlow, ConfigFlow, domain=DOMAIN):
    """Adds an account; changes its password or address."""

    def __init__(self) -> None:
        """Start without an account."""
        super().__init__()
        self._credentials: Mapping[str, Any] = {}
        self._answer = ""

    @override
    @property
    def _client(self) -> Client:
        """Return the account's client, with the session that the entry will use."""
        account = self._credentials
        return Client(async_get_session(self.hass, account[CONF_URL], account[CONF_USERNAME]))

    @override
    @property
    def _old_options(self) -> Mapping[str, Any]:
        """Return no options: there is no entry yet."""
        return {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: JrhszConfigEntry) -> JrhszOptionsFlow:
        """Return the options flow."""
        return JrhszOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_check_account(user_input)
            if not errors:
                return await self.async_step_browse()
        return self._show_account("user", _ACCOUNT_SCHEMA, user_input, errors)

    async def async_step_reauth(self, _: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new password after the platform refused the old one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new password."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_sign_in({**entry.data, **user_input})
            if not errors:
                # Without a reason a text of Home Assistant is shown, which is English for all.
                return self.async_update_reload_and_abort(
                    entry, data=self._credentials, reason="reauth_successful"
                )
        return self._show_account("reauth_confirm", _REAUTH_SCHEMA, None, errors)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new address, name or password; without a password the old one is used."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            typed = {key: value for key, value in user_input.items() if value != ""}
            errors = await self._async_check_account({**entry.data, **typed})
            new = self._credentials
            if not errors and any(new[x] != entry.data[x] for x in (CONF_URL, CONF_USERNAME)):
                errors = await self._async_check_meters(list(chosen_meters(entry.options)))
            if not errors:
                # A title that somebody gave stays.
                follows = entry.title == entry.data[CONF_USERNAME]
                return self.async_update_reload_and_abort(
                    entry,
                    data=new,
                    title=new[CONF_USERNAME] if follows else entry.title,
                    reason="reconfigure_successful",
                )
        shown = user_input or {**entry.data, CONF_PASSWORD: ""}
        schema = vol.Schema(
            {
                vol.Required(CONF_URL, default=entry.data[CONF_URL]): _URL,
                vol.Required(CONF_USERNAME, default=entry.data[CONF_USERNAME]): _USERNAME,
                vol.Optional(CONF_PASSWORD): _PASSWORD,
                vol.Required(CONF_VERIFY_SSL, default=entry.data[CONF_VERIFY_SSL]): _VERIFY_SSL,
            }
        )
        return self._show_account("reconfigure", schema, shown, errors)

    @override
    def _async_finish(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Create the entry."""
        return self.async_create_entry(
            title=self._credentials[CONF_USERNAME], data=self._credentials, options=options
        )

    def _show_account(
        self,
        step_id: str,
        schema: vol.Schema,
        shown: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a form about the account."""
        placeholders = {"answer": self._answer}
        if self.source == SOURCE_REAUTH:
            placeholders[CONF_NAME] = plain(self._get_reauth_entry().title)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders=placeholders,
            last_step=step_id != "user",
        )

    async def _async_check_account(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """Normalize the address, refuse a second entry for an account, and log in."""
        try:
            url = normalize(typed[CONF_URL])
        except InvalidAddressError:
            self._answer = "URL"
            return {"base": "wrong_address"}
        username = visible(typed[CONF_USERNAME])
        own = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        identity = account_id(url, username)
        others = [entry for entry in self._async_current_entries() if entry is not own]
        if any(identity == account_id(x.data[CONF_URL], x.data[CONF_USERNAME]) for x in others):
            raise AbortFlow(reason="already_configured")
        if own is None:
            # An account that was added here may have moved away since; its id stays its own.
            taken = {entry.unique_id for entry in others}
            ids = itertools.chain([identity], (f"{identity}~{n}" for n in itertools.count(2)))
            # A flow that was left open, say by reloading the page, must not stand in the way.
            await self.async_set_unique_id(
                next(free for free in ids if free not in taken),
                raise_on_progress=False,
            )
        account = {CONF_URL: url, CONF_USERNAME: username}
        return await self._async_sign_in({**typed, **account})

    async def _async_sign_in(self, account: Mapping[str, Any]) -> dict[str, str]:
        """Log in; the session is the one that the entry uses."""
        account = {**account, CONF_PASSWORD: visible(account[CONF_PASSWORD])}
        self._credentials = account
        session = self._client.session
        http = async_get_http(self.hass, verify_ssl=account[CONF_VERIFY_SSL])
        try:
            await session.sign_in(account[CONF_PASSWORD], http)
        except PlatformError as err:
            return self._errors(err)
        return {}

    async def _async_check_meters(self, codes: list[str]) -> dict[str, str]:
        """See that this is the account with our meters; of the first ones, one must be known."""
        for code in codes[:_TRIED_METERS]:
            try:
                await self._client.get_meter(code)
            except UNKNOWN_METER:
                continue
            except PlatformError as err:
                return self._errors(err)
            return {}
        return {"base": "wrong_account"} if codes else {}

    def _errors(self, err: PlatformError) -> dict[str, str]:
        """Return the form's error for an error of the platform."""
        match err:
            case HttpStatusError() if err.status >= _SERVER_ERROR:
                return {"base": "cannot_connect"}
            case RedirectError():
                self._answer = f"HTTP {err.status} → {err.host}"
            case HttpStatusError():
                self._answer = f"HTTP {err.status}"
            case UnreadableReplyError():
                self._answer = "≠ JSON"
        return {"base": next(key for kind, key in _ERRORS if isinstance(err, kind))}
