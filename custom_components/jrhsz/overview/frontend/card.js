// What all cards of the dashboard have in common.

import { make } from "./dom.js";
import { STYLE } from "./style.js";
import { textsOf } from "./texts.js";

/** A card that fills its view; it is built anew when what it was built for is different. */
export class Card extends HTMLElement {
  constructor() {
    super();
    this.config = {};
    this.attachShadow({ mode: "open" });
  }

  setConfig(config) {
    this.config = config;
  }

  getCardSize() {
    return 12;
  }

  /** Tell whether a part of what there is now has other words or buttons. */
  differs(before) {
    return before.language !== this.hass.language;
  }

  get hass() {
    return this._hass;
  }

  set hass(hass) {
    const before = this._hass;
    this._hass = hass;
    if (!before || this.differs(before)) {
      this.t = textsOf(hass);
      const page = make("div", "page");
      this.shadowRoot.replaceChildren(make("style", "", STYLE), page);
      this.build(page);
    }
    this.update(before);
  }
}
