// What Home Assistant loads: the dashboard's strategy, and the cards that it consists of.

import { hasAction } from "./actions.js";
import { BillsCard } from "./bills.js";
import { Editor } from "./editor.js";
import { Orders } from "./orders.js";
import { Rooms } from "./rooms.js";
import { textsOf } from "./texts.js";

const ACTIONS = { bills: "get_bills", orders: "get_recharges" };

/** Return the views for administrators, as far as there are actions for them. */
const moreViews = (hass) =>
  hass.user.is_admin ? Object.keys(ACTIONS).filter((path) => hasAction(hass, ACTIONS[path])) : [];

/** Home Assistant asks this for a dashboard of the type custom:jrhsz. */
class Strategy extends HTMLElement {
  static async generate({ join_accounts, room }, hass) {
    const t = textsOf(hass);
    const rooms = { type: "custom:jrhsz-overview", join_accounts, room };
    const views = [{ title: t.rooms, path: "rooms", type: "panel", cards: [rooms] }];
    for (const path of room ? [] : moreViews(hass)) {
      const cards = [{ type: `custom:jrhsz-${path}` }];
      views.push({ title: t[path], path, type: "panel", cards });
    }
    return { title: t.name, views };
  }

  /** The cards follow registries by themselves; only which views there are may change. */
  static shouldRegenerate(config, before, after) {
    return before.services !== after.services && `${moreViews(before)}` !== `${moreViews(after)}`;
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
  define("jrhsz-bills", BillsCard);
  define("jrhsz-orders", Orders);
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
