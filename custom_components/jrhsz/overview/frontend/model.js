// What is known of rooms and their meters.

import { HOUR, ageText } from "./format.js";

export const KINDS = ["electricity", "water"];

const SHOWN = ["balance", "reading", "last_reading", "low_balance"];

/** What the overview knows of one meter. */
export class Meter {
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
    const shown = Number.isFinite(age) ? ageText(age, t, hass.language) : "";
    const differs = shown !== this.shown || this.wasSilent !== this.silent;
    this.shown = shown;
    this.wasSilent = this.silent;
    return differs;
  }
}

export class Room {
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
