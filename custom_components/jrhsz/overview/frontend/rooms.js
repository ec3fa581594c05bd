// The view of all rooms.

import { make, throttled, write } from "./dom.js";
import { MINUTE } from "./format.js";
import { Group } from "./group.js";
import { KINDS, Room } from "./model.js";
import { STYLE } from "./style.js";
import { textsOf } from "./texts.js";

const ICONS = { electricity: "mdi:flash", water: "mdi:water" };
// With 1,000 meters a state changes every two seconds, and more than one at a start.
const REDRAW_EVERY = 1000;
const RELOAD_EVERY = 5000;

/** All rooms with their meters, those that need attention first. */
export class Rooms extends HTMLElement {
  constructor() {
    super();
    this._groups = [];
    this._rooms = [];
    this._drawSoon = throttled(() => this._draw(), REDRAW_EVERY);
    this._loadSoon = throttled(() => this._load(), RELOAD_EVERY);
  }

  setConfig() {}

  getCardSize() {
    return 12;
  }

  set hass(hass) {
    const before = this._hass;
    this._hass = hass;
    if (!before || before.language !== hass.language) this._build();
    // Meters come with entities of their own, and those with new registry entries.
    if (!before || before.entities !== hass.entities) this._loadSoon();
    this._drawSoon();
  }

  connectedCallback() {
    this._minute = setInterval(() => {
      if (this._failed) this._load();
      this._draw();
    }, MINUTE);
  }

  disconnectedCallback() {
    clearInterval(this._minute);
  }

  _build() {
    const t = (this._t = textsOf(this._hass));
    const root = this.shadowRoot || this.attachShadow({ mode: "open" });
    root.replaceChildren();
    const style = make("style", "", STYLE);
    const bar = make("div", "bar");
    this._counts = make("div", "counts");
    this._search = make("input", "search");
    this._search.type = "search";
    this._search.placeholder = t.search;
    this._search.setAttribute("aria-label", t.search);
    this._search.addEventListener("input", () => {
      this._filter();
      // What is left may end above the place that was scrolled to.
      window.scrollTo(0, 0);
    });
    const columns = make("div", "line columns");
    columns.append(make("div", "room", t.room));
    for (const kind of KINDS) {
      const column = make("div", "cell");
      const icon = document.createElement("ha-icon");
      icon.icon = ICONS[kind];
      column.append(icon, make("span", "", t[kind]));
      columns.append(column);
    }
    bar.append(this._search, columns);
    this._list = make("div", "groups");
    this._list.setAttribute("role", "table");
    this._list.addEventListener("click", (event) => this._open(event));
    this._note = make("div", "note");
    const page = make("div", "page");
    page.append(this._counts, bar, this._note, this._list);
    root.append(style, page);
    this._group();
  }

  async _load() {
    try {
      const rooms = await this._hass.callWS({ type: "jrhsz/rooms" });
      this._failed = false;
      const text = JSON.stringify(rooms);
      if (text === this._loaded) return;
      this._loaded = text;
      this._rooms = rooms.map((room, place) => new Room(room, place));
    } catch (error) {
      this._failed = true;
    }
    this._group();
  }

  /** Put the rooms into groups anew. */
  _group() {
    const t = this._t;
    const byBalance = (a, b) => a.lowest - b.lowest || a.place - b.place;
    const lowFirst = (a, b) =>
      b.urgent - a.urgent || (a.urgent ? byBalance(a, b) : a.place - b.place);
    const buildings = new Map();
    const now = Date.now();
    for (const room of this._rooms) {
      room.lines = [];
      room.read(this._hass, t, now);
      if (!buildings.has(room.building)) buildings.set(room.building, []);
      buildings.get(room.building).push(room);
    }
    this._attention = new Group(t, t.attention, [], byBalance, true);
    this._attention.element.classList.add("attention");
    this._groups = [...buildings].map(
      ([name, rooms]) => new Group(t, name || t.elsewhere, rooms, lowFirst, false),
    );
    this._list.replaceChildren(
      ...[this._attention, ...this._groups].map((group) => group.element),
    );
    this._arrange();
  }

  /** Take over states that changed since the last time. */
  _draw() {
    if (!this.isConnected || !this._list) return;
    const now = Date.now();
    let differs = false;
    for (const room of this._rooms) {
      if (!room.read(this._hass, this._t, now)) continue;
      differs = true;
      for (const line of room.lines) line.draw(this._t);
    }
    if (differs) this._arrange();
  }

  /** Sort, count and filter. */
  _arrange() {
    this._attention.show(this._rooms.filter((room) => room.attention));
    for (const group of this._groups) group.show(group.rooms);
    const meters = this._rooms.flatMap((room) => room.meters);
    const t = this._t;
    const counts = [[t.rooms, this._rooms.length, "rooms"]];
    for (const key of ["arrears", "low", "silent"]) {
      counts.push([t[key], meters.filter((meter) => meter[key]).length, key]);
    }
    this._counts.replaceChildren(
      ...counts.map(([name, count, key]) => {
        const box = make("div", `number ${count && key}`);
        box.append(make("b", "", String(count)), make("span", "", name));
        return box;
      }),
    );
    this._filter();
  }

  _filter() {
    const words = this._search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this._attention.filter(words);
    let left = 0;
    for (const group of this._groups) left += group.filter(words);
    const t = this._t;
    const none = this._loaded && !this._rooms.length ? t.none : left ? "" : t.nothing;
    write(this._note, this._failed ? t.failed : this._loaded ? none : "");
  }

  /** Show the history of the balance that was tapped on. */
  _open(event) {
    const button = event.target.closest("button.meter");
    const entityId = button && button.meter.entities.find(Boolean);
    if (!entityId) return;
    const detail = { entityId };
    this.dispatchEvent(
      new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail }),
    );
  }
}
