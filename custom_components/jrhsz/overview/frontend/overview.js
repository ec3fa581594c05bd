// The landlord's overview: a dashboard strategy, and the one card that it consists of.
(() => {
  "use strict";

  const TEXTS = {
    en: {
      name: "JRHSZ meters",
      description: "All rooms with electricity and water side by side, low balances first",
      search: "Search rooms",
      room: "Room",
      electricity: "Electricity",
      water: "Water",
      attention: "In arrears or silent",
      elsewhere: "Other rooms",
      rooms: "Rooms",
      arrears: "In arrears",
      low: "Low balance",
      silent: "Silent",
      waiting: "not read yet",
      none: "There are no meters yet. Add an account under Settings, Devices & services.",
      nothing: "No room matches.",
      failed: "The list of rooms could not be loaded. It is tried again in a minute.",
      now: "now",
      minutes: (n) => `${n} min`,
      hours: (n) => `${n} h`,
      days: (n) => `${n} d`,
    },
    zh: {
      name: "JRHSZ 水电表",
      description: "逐间列出房间的电表和水表，余额不足的排在最前",
      search: "搜索房间",
      room: "房间",
      electricity: "电",
      water: "水",
      attention: "欠费或无数据",
      elsewhere: "其他房间",
      rooms: "房间",
      arrears: "欠费",
      low: "余额不足",
      silent: "无数据",
      waiting: "尚未读取",
      none: "还没有表。请在“设置”的“设备与服务”中添加账号。",
      nothing: "没有符合的房间。",
      failed: "房间列表加载失败，一分钟后重试。",
      now: "刚刚",
      minutes: (n) => `${n} 分钟`,
      hours: (n) => `${n} 小时`,
      days: (n) => `${n} 天`,
    },
  };
  const KINDS = ["electricity", "water"];
  const ICONS = { electricity: "mdi:flash", water: "mdi:water" };
  const SHOWN = ["balance", "reading", "last_reading", "low_balance"];
  const MINUTE = 60_000;
  const HOUR = 60 * MINUTE;
  // With 1,000 meters a state changes every two seconds, and more than one at a start.
  const REDRAW_EVERY = 1000;
  const RELOAD_EVERY = 5000;

  const textsOf = (hass) => {
    const language = (hass && hass.language) || document.documentElement.lang || "en";
    return language.startsWith("zh") ? TEXTS.zh : TEXTS.en;
  };

  const make = (tag, className, text = "") => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const ageText = (age, t) => {
    if (age < MINUTE) return t.now;
    if (age < HOUR) return t.minutes(Math.floor(age / MINUTE));
    if (age < 48 * HOUR) return t.hours(Math.floor(age / HOUR));
    return t.days(Math.floor(age / (24 * HOUR)));
  };

  /** What the overview knows of one meter. */
  class Meter {
    constructor(meter) {
      this.kind = meter.kind;
      this.entities = SHOWN.map((key) => meter[key]);
      this.silentAfter = meter.silent_hours * HOUR;
      this.states = [];
    }

    /** Read the states anew; return whether anything is different. */
    read(hass, t, now) {
      const states = this.entities.map((id) => id && hass.states[id]);
      const [balance, reading, lastReading, low] = states;
      if (states.some((state, i) => state !== this.states[i]) || this.locale !== hass.locale) {
        this.states = states;
        this.locale = hass.locale;
        const amount = balance ? Number.parseFloat(balance.state) : NaN;
        this.balance = Number.isFinite(amount) ? amount : null;
        this.balanceText = balance ? hass.formatEntityState(balance) : "–";
        this.readingText = reading ? hass.formatEntityState(reading) : t.waiting;
        this.arrears = this.balance !== null && this.balance < 0;
        this.low = Boolean(low) && low.state === "on";
        this.readAt = lastReading ? Date.parse(lastReading.state) : NaN;
        this.unavailable = states.some((state) => state && state.state === "unavailable");
        this.shown = null;
      }
      const age = now - this.readAt;
      this.silent = this.unavailable || age > this.silentAfter;
      const shown = Number.isFinite(age) ? ageText(age, t) : "";
      const differs = shown !== this.shown || this.wasSilent !== this.silent;
      this.shown = shown;
      this.wasSilent = this.silent;
      return differs;
    }
  }

  /** A room as one line; a room that needs attention has two, at the top and in its building. */
  class Line {
    constructor(room, name) {
      this.room = room;
      this.element = make("div", "line");
      this.element.setAttribute("role", "row");
      const heading = make("div", "room");
      heading.setAttribute("role", "rowheader");
      if (name) heading.append(make("div", "building", name));
      heading.append(make("div", "", room.room));
      this.element.append(heading);
      this.cells = [];
      for (const column of room.columns) {
        const cell = make("div", "cell");
        cell.setAttribute("role", "cell");
        for (const meter of column) {
          const button = make("button", "meter");
          const parts = ["balance", "reading", "age"].map((part) => make("span", part));
          button.append(...parts);
          button.meter = meter;
          cell.append(button);
          this.cells.push([meter, button, ...parts]);
        }
        this.element.append(cell);
      }
    }

    draw(t) {
      for (const [meter, button, balance, reading, age] of this.cells) {
        const signs = ["arrears", "low", "silent"].filter((sign) => meter[sign]);
        button.className = ["meter", ...signs].join(" ");
        button.title = signs.map((sign) => t[sign]).join(", ");
        write(balance, meter.balanceText);
        write(reading, meter.readingText);
        write(age, meter.shown);
      }
    }
  }

  class Room {
    constructor({ building, room, meters }, place) {
      this.place = place;
      this.building = building;
      this.room = room;
      this.meters = meters.map((meter) => new Meter(meter));
      this.columns = KINDS.map((kind, i) =>
        this.meters.filter((meter) => meter.kind === kind || (i === 0 && !meter.kind)),
      );
      this.text = `${building} ${room}`.toLowerCase();
      this.lines = [];
    }

    /** Read all meters anew; return whether anything is different. */
    read(hass, t, now) {
      const differs = this.meters.map((meter) => meter.read(hass, t, now)).includes(true);
      if (differs) {
        const balances = this.meters.map((meter) => meter.balance).filter((x) => x !== null);
        this.lowest = Math.min(Number.MAX_VALUE, ...balances);
        this.urgent = this.meters.some((meter) => meter.arrears || meter.low);
        this.attention = this.meters.some((meter) => meter.arrears || meter.silent);
      }
      return differs;
    }
  }

  /** Rooms under a heading that folds them. */
  class Group {
    constructor(t, title, rooms, order, withBuilding) {
      this.t = t;
      this.order = order;
      this.withBuilding = withBuilding;
      this.lines = new Map();
      this.element = document.createElement("details");
      this.element.open = true;
      this.count = make("span", "count");
      const summary = document.createElement("summary");
      summary.append(make("span", "title", title), this.count);
      this.list = make("div", "lines");
      this.list.setAttribute("role", "rowgroup");
      this.element.append(summary, this.list);
      this.show(rooms);
    }

    /** Show these rooms in the group's order, and draw those that are new here. */
    show(rooms) {
      this.rooms = [...rooms].sort(this.order);
      const wanted = new Set(rooms);
      for (const [room, line] of this.lines) {
        if (wanted.has(room)) continue;
        line.element.remove();
        this.lines.delete(room);
        room.lines = room.lines.filter((other) => other !== line);
      }
      let previous = null;
      for (const room of this.rooms) {
        let line = this.lines.get(room);
        if (!line) {
          line = new Line(room, this.withBuilding && room.building);
          line.draw(this.t);
          room.lines.push(line);
          this.lines.set(room, line);
        }
        const place = previous ? previous.nextSibling : this.list.firstChild;
        if (place !== line.element) this.list.insertBefore(line.element, place);
        previous = line.element;
      }
    }

    /** Hide what doesn't match; return how many rooms are left. */
    filter(words) {
      let left = 0;
      for (const [room, line] of this.lines) {
        const matches = words.every((word) => room.text.includes(word));
        line.element.hidden = !matches;
        left += matches;
      }
      this.element.hidden = left === 0;
      write(this.count, String(left));
      return left;
    }
  }

  class Overview extends HTMLElement {
    constructor() {
      super();
      this._groups = [];
      this._rooms = [];
      this._drawnAt = this._loadedAt = -Infinity;
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
      if (!before || before.entities !== hass.entities) this._soon("_load", RELOAD_EVERY);
      this._soon("_draw", REDRAW_EVERY);
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

    /** Call a method now, or as soon as its last call is long enough ago. */
    _soon(method, pause) {
      const timer = `${method}Timer`;
      const last = `${method}At`;
      if (this[timer]) return;
      const wait = Math.max(0, (this[last] || 0) + pause - performance.now());
      this[timer] = setTimeout(() => {
        this[timer] = null;
        this[last] = performance.now();
        this[method]();
      }, wait);
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

  const STYLE = `
    :host { display: block; --room: minmax(64px, 1fr); }
    .page { max-width: 900px; margin: 0 auto; padding: 8px; color: var(--primary-text-color); }
    .counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
    .number { display: flex; flex-direction: column; align-items: center; padding: 8px 2px;
      border-radius: 12px; background: var(--card-background-color); text-align: center; }
    .number b { font-size: 20px; font-weight: 500; }
    .number span { font-size: 12px; color: var(--secondary-text-color); }
    .number.arrears b { color: var(--error-color); }
    .number.low b, .number.silent b { color: var(--warning-color); }
    .bar { position: sticky; top: var(--header-height, 56px); z-index: 2; height: 84px;
      padding-top: 8px; background: var(--primary-background-color); box-sizing: border-box; }
    .search { display: block; width: 100%; height: 40px; box-sizing: border-box; padding: 0 12px;
      border: 1px solid var(--divider-color); border-radius: 20px; font: inherit; font-size: 16px;
      color: inherit; background: var(--card-background-color); }
    .line { display: grid; grid-template-columns: var(--room) 2fr 2fr; align-items: start; }
    .columns { height: 36px; align-items: center; font-size: 12px; padding: 0 4px;
      color: var(--secondary-text-color); }
    .columns .cell { display: flex; align-items: center; gap: 4px; padding-inline-start: 8px; }
    .columns ha-icon { --mdc-icon-size: 16px; }
    .note:not(:empty) { padding: 24px 8px; text-align: center;
      color: var(--secondary-text-color); }
    details { margin-bottom: 8px; border-radius: 12px; background: var(--card-background-color); }
    details[hidden], .line[hidden] { display: none; }
    summary { position: sticky; top: calc(var(--header-height, 56px) + 84px); z-index: 1;
      display: flex; justify-content: space-between; padding: 10px 12px; font-weight: 500;
      cursor: pointer; border-radius: 12px; background: var(--card-background-color); }
    .attention summary { color: var(--error-color); }
    summary::after { content: "▾"; padding-inline-start: 8px; }
    details:not([open]) summary::after { content: "▸"; }
    .title { flex: 1; }
    .count { color: var(--secondary-text-color); font-weight: 400; }
    .lines .line { padding: 4px; border-top: 1px solid var(--divider-color);
      content-visibility: auto; contain-intrinsic-size: auto 52px; }
    .room { padding: 6px 8px; overflow-wrap: anywhere; }
    .building { font-size: 12px; color: var(--secondary-text-color); }
    .cell { min-width: 0; }
    .meter { display: flex; flex-wrap: wrap; column-gap: 6px; width: 100%; padding: 4px 8px;
      border: 0; border-radius: 8px; font: inherit; font-size: 12px; text-align: start;
      color: var(--secondary-text-color); background: none; cursor: pointer; }
    .meter:hover, .meter:focus-visible { background: var(--secondary-background-color); }
    .balance { flex-basis: 100%; font-size: 16px; color: var(--primary-text-color); }
    .arrears .balance { color: var(--error-color); font-weight: 500; }
    .low:not(.arrears) .balance, .silent .age { font-weight: 500; color: var(--warning-color);
      color: color-mix(in srgb, var(--warning-color) 75%, var(--primary-text-color)); }
  `;

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
    define("jrhsz-overview", Overview);
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
})();
