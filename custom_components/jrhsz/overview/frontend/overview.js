// What Home Assistant loads: the dashboard's strategy, and the cards that it consists of.

import { Editor } from "./editor.js";
import { Rooms } from "./rooms.js";
import { textsOf } from "./texts.js";

/** Home Assistant asks this for a dashboard of the type custom:jrhsz. */
class Strategy extends HTMLElement {
  static async generate({ join_accounts, room }, hass) {
    const t = textsOf(hass);
    const rooms = { type: "custom:jrhsz-overview", join_accounts, room };
    return {
      title: t.name,
      views: [{ title: t.rooms, path: "rooms", type: "panel", cards: [rooms] }],
    };
  }

  /** Nothing of it depends on registries: the cards follow them by themselves. */
  static shouldRegenerate() {
    return false;
  }

  static getCreateSuggestions(hass) {
    return { title: textsOf(hass).name, icon: "mdi:home-city-outline" };
  }

  static async getConfigElement() {
    return document.createElement("jrhsz-strategy-editor");
  }
}

const define = (name, element) => {
  if (!customElements.get(name)) customElements.define(name, element);
};

// The frontend replaces the registry of elements while it loads; its own one comes after that.
customElements.whenDefined("home-assistant").then(() => {
  define("jrhsz-overview", Rooms);
  define("jrhsz-strategy-editor", Editor);
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
