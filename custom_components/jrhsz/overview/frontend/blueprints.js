// A button that saves the blueprints that aren't there yet, for administrators.

import { make, write } from "./dom.js";
import { makeAction } from "./fields.js";

export class Blueprints {
  constructor(card) {
    const { t } = card;
    this._card = card;
    this._words = make("p", "", t.blueprints);
    this._words.setAttribute("role", "note");
    this._words.setAttribute("aria-live", "polite");
    this._button = makeAction(t.saveBlueprints, () => this._save());
    this.element = make("div", "offer");
    this.element.append(this._words, this._button);
    this.element.hidden = true;
  }

  /** Offer those that are missing, if there are any. */
  async load() {
    const { config, hass } = this._card;
    if (!hass.user.is_admin || config.room) return;
    const request = { type: "jrhsz/blueprints", language: hass.language };
    const { blueprints } = await hass.callWS(request).catch(() => ({ blueprints: [] }));
    this._missing = blueprints;
    this.element.hidden = !blueprints.length;
  }

  /** Save them as an import does; Home Assistant writes over none that is there. */
  async _save() {
    const { hass, t } = this._card;
    this._button.disabled = true;
    let text = t.blueprintsSaved;
    for (const { path, yaml } of this._missing) {
      try {
        await hass.callWS({ type: "blueprint/save", domain: "automation", path, yaml });
      } catch (error) {
        if (error.code !== "already_exists") text = t.blueprintsFailed(error.message || error);
      }
    }
    write(this._words, text);
    this._button.hidden = true;
  }
}
