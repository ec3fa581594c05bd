// What Home Assistant loads: the dashboard's strategy, and the cards that it consists of.

import { Rooms } from "./rooms.js";
import { textsOf } from "./texts.js";

/** Home Assistant asks this for a dashboard of the type custom:jrhsz. */
class Strategy extends HTMLElement {
  static async generate(config, hass) {
    const title = textsOf(hass).name;
    const cards = [{ type: "custom:jrhsz-overview" }];
    return { title, views: [{ title, type: "panel", cards }] };
  }

  /** Nothing of it depends on registries: the card follows them by itself. */
  static shouldRegenerate() {
    return false;
  }

  static getCreateSuggestions(hass) {
    return { title: textsOf(hass).name, icon: "mdi:home-city-outline" };
  }
}

const define = (name, element) => {
  if (!customElements.get(name)) customElements.define(name, element);
};

// The frontend replaces the registry of elements while it loads; its own one comes after that.
customElements.whenDefined("home-assistant").then(() => {
  define("jrhsz-overview", Rooms);
  define("ll-strategy-dashboard-jrhsz", Strategy);
});

const texts = () => {
  const app = document.querySelector("home-assistant");
  return textsOf(app && app.hass);
};
window.customStrategies = window.customStrategies || [];
window.customStrategies.push({
  type: "jrhsz",
  strategyType: "dashboard",
  get name() {
    return texts().name;
  },
  get description() {
    return texts().description;
  },
  documentationURL: "https://github.com/ha-jrhsz/ha-jrhsz",
});
