// The form for the dashboard's options.

import { textsOf } from "./texts.js";

const SCHEMA = [
  { name: "join_accounts", selector: { boolean: {} } },
  { name: "room", selector: { text: {} } },
];

/** Home Assistant shows it when somebody edits the dashboard. */
export class Editor extends HTMLElement {
  setConfig(config) {
    this._config = config;
    this._show();
  }

  set hass(hass) {
    this._hass = hass;
    this._show();
  }

  _show() {
    if (!this._hass || !this._config) return;
    const t = textsOf(this._hass);
    if (!this._form) {
      this._form = document.createElement("ha-form");
      this._form.schema = SCHEMA;
      this._form.computeLabel = ({ name }) => t.options[name];
      this._form.addEventListener("value-changed", (event) => {
        event.stopPropagation();
        const detail = { config: event.detail.value };
        this.dispatchEvent(
          new CustomEvent("config-changed", { bubbles: true, composed: true, detail }),
        );
      });
      this.append(this._form);
    }
    this._form.hass = this._hass;
    this._form.data = this._config;
  }
}
