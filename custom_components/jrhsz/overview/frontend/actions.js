// The integration's actions, and the accounts that they are about.

import { make } from "./dom.js";
import { textsOf } from "./texts.js";

// Home Assistant's frontend rejects with this number, or with an error of this code.
const CONNECTION_LOST = 3;

export const hasAction = (hass, name) => Boolean(hass.services.jrhsz && hass.services.jrhsz[name]);

/** Perform an action and return its response; its errors are in the user's language. */
export const perform = async (hass, service, data) => {
  const request = { type: "call_service", domain: "jrhsz", service, service_data: data };
  const { response } = await hass.callWS({ ...request, return_response: true });
  return response;
};

/** Tell whether an error is that the connection to Home Assistant broke: then nobody answered. */
export const isLost = (error) =>
  error === CONNECTION_LOST || (error.error && error.error.code === CONNECTION_LOST) || false;

/** Return what went wrong, in the user's language if Home Assistant has the text. */
export const errorText = async (hass, error) => {
  if (isLost(error)) return textsOf(hass).disconnected;
  const { translation_domain: domain, translation_key: key, message } = error;
  if (!key) return message || String(error);
  await hass.loadBackendTranslation("exceptions", domain);
  const placeholders = error.translation_placeholders || {};
  return hass.localize(`component.${domain}.exceptions.${key}.message`, placeholders) || message;
};

/** A field for the account, which is hidden if there is just one. */
export class AccountField {
  constructor(t, onChoose) {
    this.element = make("label", "field", t.account);
    this._select = make("select");
    this._select.addEventListener("change", onChoose);
    this.element.append(this._select);
  }

  /** Ask which accounts are loaded; return whether there is one. */
  async load(hass) {
    const entries = await hass.callWS({ type: "config_entries/get", domain: "jrhsz" });
    const loaded = entries.filter((entry) => entry.state === "loaded");
    this._select.replaceChildren(
      ...loaded.map((entry) => {
        const option = make("option", "", entry.title);
        option.value = entry.entry_id;
        return option;
      }),
    );
    this.element.hidden = loaded.length < 2;
    return loaded.length > 0;
  }

  get value() {
    return this._select.value;
  }

  get title() {
    const [option] = this._select.selectedOptions;
    return option ? option.textContent : "";
  }
}
