// The view of all rooms.

import { hasAction } from "./actions.js";
import { arrangementOf, isMixed, orderOf } from "./arrangement.js";
import { Batch } from "./batch.js";
import { Blueprints } from "./blueprints.js";
import { Calm } from "./calm.js";
import { Card } from "./card.js";
import { CreditDialog } from "./credit.js";
import { arrange, make, makePart, throttled, write } from "./dom.js";
import { MINUTE, countText } from "./format.js";
import { Group, makeHead } from "./lines.js";
import { recall, remember } from "./memory.js";
import { KINDS, ORDERS, Room, SIGNS, keyOf } from "./model.js";
import { plain, wordsOf } from "./search.js";
import { Counters, Fields } from "./toolbar.js";

// With 1,000 meters a state changes every two seconds, and more than one at a start.
const REDRAW_EVERY = 1000;
const RELOAD_EVERY = 5000;
const FIRST_LINES = 30;

/** Return what can be credited; while Home Assistant starts it doesn't offer it yet. */
const offersOf = (hass) => ["recharge", "recharge_many"].map((name) => hasAction(hass, name));

/** All rooms with their meters, those that need attention first. */
export class Rooms extends Card {
  constructor() {
    super();
    this._words = [];
    this._foldedMeanwhile = new Set();
    this._rooms = [];
    this._accounts = [];
    this._arranged = [];
    this._groups = new Map();
    this._calm = new Calm(this);
    this._drawSoon = throttled(() => this._draw(), REDRAW_EVERY);
    this._loadSoon = throttled(() => this._load(), RELOAD_EVERY);
  }

  get rooms() {
    return this._rooms;
  }

  /** Return the sign that all shown rooms have a meter with. */
  get filter() {
    return this._filter;
  }

  setConfig(config) {
    super.setConfig(config);
    // Of a single room nothing is filtered or folded.
    const { folded = [], filter = "", sort = "room" } = config.room ? {} : recall();
    this._folded = new Set(folded);
    this._filter = SIGNS.includes(filter) ? filter : "";
    this._sort = sort in ORDERS ? sort : "room";
  }

  connectedCallback() {
    this._calm.connect();
    if (this._batch) this._batch.start();
    this._minute = setInterval(() => {
      if (this._failed || this._accounts.some((account) => account.state)) this._load();
      this._draw();
    }, MINUTE);
  }

  disconnectedCallback() {
    this._calm.disconnect();
    if (this._batch) this._batch.stop();
    clearInterval(this._minute);
  }

  differs(before) {
    return super.differs(before) || `${offersOf(before)}` !== `${offersOf(this.hass)}`;
  }

  build(page) {
    const { t } = this;
    this._notes = make("div", "notes");
    if (this._batch) this._batch.stop();
    this._batch = new Batch(this, {
      shown: () => this._arranged.flatMap((group) => group.rooms),
      isNarrowed: () => this._isSearching,
      onBegin: () => this._showTicks(),
      onChange: () => this._show(),
    });
    if (this.isConnected) this._batch.start();
    this._counters = new Counters(t, (filter) => this._choose({ filter }));
    this._fields = new Fields(t, this._sort, {
      onSort: (sort) => this._choose({ sort }),
      onSearch: (text) => {
        this._words = wordsOf(text);
        this._search();
      },
    });
    this._status = make("div", "status");
    this._status.setAttribute("role", "status");
    this._table = makePart("table", "table", "table");
    this._table.setAttribute("aria-label", t.rooms);
    this._table.addEventListener("click", (event) => this._open(event));
    this._table.append(makeHead(t));
    this._groups.clear();
    const bar = make("div", "bar");
    bar.append(this._fields.element);
    const blueprints = new Blueprints(this);
    blueprints.load();
    page.append(this._notes, this._counters.element, bar, this._batch.element, blueprints.element);
    page.append(this._status, this._table);
    const isSingle = Boolean(this.config.room);
    page.classList.toggle("single", isSingle);
    this._counters.element.hidden = bar.hidden = isSingle;
    this._rooms = [];
    if (this._told) this._take();
  }

  update(before) {
    // Meters come with entities of their own, and those with new registry entries.
    if (!before || before.entities !== this.hass.entities) this._loadSoon();
    this._drawSoon();
  }

  async _load() {
    const request = { type: "jrhsz/rooms", join_accounts: Boolean(this.config.join_accounts) };
    try {
      const told = await this.hass.callWS(request);
      this._failed = false;
      const text = JSON.stringify(told);
      if (text === this._loaded) return this._showNotes();
      this._loaded = text;
      this._told = told;
    } catch (error) {
      this._failed = true;
      return this._showNotes();
    }
    this._take();
  }

  /** Take over the list of rooms; one of which nothing is different stays as it is. */
  _take() {
    this._accounts = this._told.accounts;
    const only = this.config.room && plain(this.config.room);
    const before = new Map(this._rooms.map((room) => [room.key, room]));
    this._rooms = this._told.rooms
      .map((told, index) => {
        const text = JSON.stringify(told);
        const known = before.get(keyOf(told));
        const room = known && known.text === text ? known : new Room(told, text);
        room.index = index;
        return room;
      })
      .filter((room) => !only || plain(room.title) === only);
    this._read();
    const meters = this._rooms.flatMap((room) => room.meters);
    for (const kind of KINDS) {
      this._table.classList.toggle(`no-${kind}`, !meters.some((meter) => meter.kind === kind));
    }
    this._showNotes();
    if (!before.size) return this._begin();
    if (this._calm.isAtRest) return this._arrange(false);
    // Nothing moves under the finger, but what is shown is true.
    const now = new Map(this._rooms.map((room) => [room.key, room]));
    for (const group of this._arranged) {
      group.rooms = group.rooms.map((room) => now.get(room.key)).filter(Boolean);
    }
    this._unsorted = true;
    this._show();
  }

  /** Read all states; return the rooms in which something is different. */
  _read() {
    const now = Date.now();
    return this._rooms.filter((room) => room.read(this.hass, this.t, now));
  }

  /** Take over states that changed since the last time. */
  _draw() {
    if (!this.isConnected || !this._told) return;
    const changed = this._read();
    for (const room of changed) {
      for (const group of this._groups.values()) group.draw(room, this.t);
    }
    if (changed.length) this._count();
    this._unsorted = this._unsorted || changed.length > 0;
    if (this._unsorted && this._calm.isAtRest) this._arrange(false);
  }

  /** Show what fits on a screen, and the rest as soon as that is drawn. */
  _begin() {
    this._arrange(true, FIRST_LINES);
    requestAnimationFrame(() => setTimeout(() => this._show()));
  }

  /** Sort, group and filter anew. */
  _arrange(wasAskedFor, most) {
    const how = { sort: this._sort, filter: this._filter, words: this._words };
    const before = orderOf(this._arranged);
    this._arranged = arrangementOf(this._rooms, this._accounts, how, this.t);
    if (orderOf(this._arranged) !== before) this._calm.noteMove(wasAskedFor);
    this._unsorted = false;
    this._show(most);
  }

  /** Show the rooms as they were arranged last, the first ones if not all at once. */
  _show(most = Infinity) {
    let left = most;
    const { t } = this;
    const { language } = this.hass;
    const folded = this._isSearching ? this._foldedMeanwhile : this._folded;
    const groups = new Map();
    for (const arranged of this._arranged) {
      const { key, title } = arranged;
      const id = `${key} ${title}`;
      const group = this._groups.get(id) || this._newGroup(arranged);
      left -= group.show(arranged.rooms, folded.has(key), left, t, language);
      groups.set(id, group);
    }
    this._groups = groups;
    const elements = [...groups.values()].map((group) => group.element);
    arrange(this._table, [this._table.tHead, ...elements]);
    this._count();
  }

  _newGroup(arranged) {
    const canCredit = this.hass.user.is_admin && hasAction(this.hass, "recharge");
    const { selection } = this._batch;
    const how = { withBuilding: isMixed(arranged), canCredit, selection, tickAll: this.t.tickAll };
    const group = new Group(arranged.title, how, () => this._fold(arranged.key));
    group.element.classList.add(arranged.key.startsWith("[") ? "building" : arranged.key);
    return group;
  }

  get _isSearching() {
    return Boolean(this._words.length || this._filter);
  }

  _count() {
    const { t } = this;
    const { language } = this.hass;
    const meters = this._rooms.flatMap((room) => room.meters);
    const counts = { rooms: this._rooms.length };
    for (const sign of SIGNS) counts[sign] = meters.filter((meter) => meter[sign]).length;
    this._counters.show(counts, this._filter, language);
    const keys = this._arranged.flatMap((group) => group.rooms.map((room) => room.key));
    const found = new Set(keys).size;
    if (!this._rooms.length) write(this._status, t.none);
    else if (!found) write(this._status, t.nothing);
    else write(this._status, this._isSearching ? t.found(countText(found, language)) : "");
  }

  /** Tell which accounts are missing, or that nothing could be loaded. */
  _showNotes() {
    const { t } = this;
    const texts = this._failed ? [t.failed] : [];
    for (const { state, title } of this._accounts) {
      if (state && !this.config.room) texts.push(state === "disabled" ? t.disabled(title) : t.broken(title));
    }
    this._notes.replaceChildren(...texts.map((text) => make("p", "", text)));
    if (!texts.length || this._failed || !this.hass.user.is_admin) return;
    const link = make("a", "", t.accounts);
    link.href = "/config/integrations/integration/jrhsz";
    this._notes.append(link);
  }

  /** Let rooms be ticked, or no more: the lines have other parts then. */
  _showTicks() {
    this._groups.clear();
    this._show();
  }

  /** Filter or sort otherwise, and remember it. */
  _choose({ filter = this._filter, sort = this._sort }) {
    // Who taps on the filter that is on wants all rooms again.
    this._filter = filter === this._filter && sort === this._sort ? "" : filter;
    this._sort = sort;
    remember({ filter: this._filter, sort });
    this._search();
  }

  /** Show what is searched for, from the beginning. */
  _search() {
    this._foldedMeanwhile = new Set();
    this._arrange(true);
    // What is left may end above the place that was scrolled to.
    window.scrollTo(0, 0);
  }

  _fold(key) {
    const folded = this._isSearching ? this._foldedMeanwhile : this._folded;
    if (!folded.delete(key)) folded.add(key);
    if (!this._isSearching) remember({ folded: [...folded] });
    this._show();
  }

  /** Show the history of the balance that was tapped on, or credit its meter. */
  _open(event) {
    const button = event.target.closest("button.meter, button.credit");
    const entityId = button && button.meter.entities.find(Boolean);
    // By keys it is always the one that has the focus.
    const isMeant = event.detail === 0 || this._calm.isSettled;
    if (!entityId || !isMeant) return;
    if (button.room) {
      new CreditDialog(this, button.room, button.meter).open();
      return;
    }
    const detail = { entityId };
    this.dispatchEvent(
      new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail }),
    );
  }
}
