// What is known of rooms and their meters.

import { HOUR, ageText, inUnits, moneyText } from "./format.js";
import { matches, plain } from "./search.js";

export const KINDS = ["electricity", "water"];
export const SIGNS = ["arrears", "low", "silent"];

const SHOWN = ["balance", "reading", "low_balance", "days_left", "month_use"];

const numberOf = (state) => {
  const number = state ? Number.parseFloat(state.state) : NaN;
  return Number.isFinite(number) ? number : null;
};

/** What is known of one meter. */
export class Meter {
  constructor(told) {
    this.kind = told.kind;
    this.userCode = told.user_code;
    this.number = told.number || "";
    this.deviceId = told.device_id;
    this.list = told.list;
    this.entities = SHOWN.map((key) => told.entities[key]);
    this.silentAfter = told.silent_hours * HOUR;
    this.states = [];
  }

  /** Read the states anew; return whether anything is different. */
  read(hass, t, now) {
    const states = this.entities.map((id) => id && hass.states[id]);
    if (states.some((state, i) => state !== this.states[i]) || this.locale !== hass.locale) {
      this.states = states;
      this.locale = hass.locale;
      this._take(hass, t);
      this.age = null;
    }
    const age = now - this.readAt;
    const text = Number.isFinite(age) ? ageText(age, hass.language, t.now) : "";
    const silent = this.unavailable || age > this.silentAfter;
    const differs = text !== this.age || silent !== this.silent;
    this.age = text;
    this.silent = silent;
    return differs;
  }

  _take(hass, t) {
    const [balance, reading, low, days, use] = this.states;
    const text = (state) => (numberOf(state) === null ? "" : hass.formatEntityState(state));
    this.balance = numberOf(balance);
    this.balanceText =
      moneyText(this.balance, hass.language) || (balance ? hass.formatEntityState(balance) : "–");
    this.readingText = reading ? hass.formatEntityState(reading) : t.waiting;
    this.arrears = this.balance !== null && this.balance < 0;
    this.low = Boolean(low) && low.state === "on";
    this.readAt = reading ? Date.parse(reading.attributes.read_at) : NaN;
    this.unavailable = this.states.some((state) => state && state.state === "unavailable");
    this.daysLeft = numberOf(days);
    this.daysText = this.daysLeft === null ? "" : inUnits(this.daysLeft, "day", hass.language);
    this.useText = text(use);
  }

  /** Return all that is shown, in words. */
  words(t) {
    return [
      `${t.balance} ${this.balanceText}`,
      ...SIGNS.filter((sign) => this[sign]).map((sign) => t[sign]),
      this.daysText && t.left(this.daysText),
      this.useText && `${t.month} ${this.useText}`,
      `${t.reading} ${this.readingText}`,
      this.age && (this.age === t.now ? t.justNow : t.ago(this.age)),
    ]
      .filter(Boolean)
      .join(", ");
  }
}

const least = (meters, value) =>
  Math.min(Number.MAX_VALUE, ...meters.map(value).filter((x) => x !== null && !Number.isNaN(x)));

export const keyOf = (told) =>
  JSON.stringify([told.account, told.building, told.building_code, told.room]);

/** A room with its meters. */
export class Room {
  constructor(told, text) {
    this.text = text;
    this.account = told.account;
    this.building = told.building;
    this.buildingCode = told.building_code;
    // A person may have named the devices.
    this.name = told.name || told.room;
    this.key = keyOf(told);
    this.placeKey = JSON.stringify([told.account, told.building, told.building_code]);
    this.meters = told.meters.map((meter) => new Meter(meter));
    this.columns = KINDS.map((kind, i) =>
      this.meters.filter((meter) => meter.kind === kind || (i === 0 && !meter.kind)),
    );
    const lists = this.meters.map((meter) => `${meter.list} ${told.room}`);
    this._names = plain([this.place, this.name, told.room, ...told.aliases, ...lists].join(" "));
    this._codes = this.meters.flatMap((meter) => [plain(meter.userCode), plain(meter.number)]);
  }

  /** Return which building it is in. */
  get place() {
    return [this.building, this.buildingCode && `(${this.buildingCode})`].filter(Boolean).join(" ");
  }

  get title() {
    return `${this.place} ${this.name}`.trim();
  }

  matches(words) {
    return matches(words, this._names, this._codes);
  }

  /** Read all meters anew; return whether anything is different. */
  read(hass, t, now) {
    const differs = this.meters.map((meter) => meter.read(hass, t, now)).includes(true);
    if (differs) {
      this.balance = least(this.meters, (meter) => meter.balance);
      this.days = least(this.meters, (meter) => meter.daysLeft);
      this.age = least(this.meters, (meter) => meter.readAt);
      this.urgent = this.meters.some((meter) => meter.arrears || meter.low);
      this.attention = this.meters.some((meter) => meter.arrears || meter.silent);
    }
    return differs;
  }

  has(sign) {
    return this.meters.some((meter) => meter[sign]);
  }
}

const inOrder = (a, b) => a.index - b.index;
const by = (key) => (a, b) => a[key] - b[key] || inOrder(a, b);

/** How rooms can be sorted; by room, those whose balance is low come first in their building. */
export const ORDERS = {
  room: (a, b) => b.urgent - a.urgent || (a.urgent ? by("balance")(a, b) : inOrder(a, b)),
  balance: by("balance"),
  days: by("days"),
  age: by("age"),
};
