// What stands above the rooms: counters that are filters, the search and the order.

import { make, makeButton, write } from "./dom.js";
import { countText } from "./format.js";
import { ORDERS, SIGNS } from "./model.js";

/** The counters; each one shows just the rooms that it counts meters of, until it is tapped on again. */
export class Counters {
  constructor(t, onChoose) {
    this.element = make("div", "counts");
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", t.show);
    this._boxes = ["rooms", ...SIGNS].map((key) => {
      const button = makeButton("number", () => onChoose(key === "rooms" ? "" : key));
      const count = make("b");
      button.append(count, make("span", "", t[key]));
      return [key, button, count];
    });
    this.element.append(...this._boxes.map(([, button]) => button));
  }

  show(counts, chosen, language) {
    for (const [key, button, count] of this._boxes) {
      button.className = ["number", counts[key] && key].filter(Boolean).join(" ");
      button.setAttribute("aria-pressed", String(chosen === (key === "rooms" ? "" : key)));
      write(count, countText(counts[key], language));
    }
  }
}

/** The fields for the search and the order. */
export class Fields {
  constructor(t, order, { onSearch, onSort }) {
    this.element = make("div", "fields");
    this._search = make("input", "search");
    this._search.type = "search";
    this._search.placeholder = t.search;
    this._search.setAttribute("aria-label", t.search);
    this._search.addEventListener("input", () => onSearch(this._search.value));
    const select = make("select", "sort");
    select.setAttribute("aria-label", t.sort);
    for (const key of Object.keys(ORDERS)) {
      const option = make("option", "", t.sorts[key]);
      option.value = key;
      select.append(option);
    }
    select.value = order;
    select.addEventListener("change", () => onSort(select.value));
    this.element.append(this._search, select);
  }
}
