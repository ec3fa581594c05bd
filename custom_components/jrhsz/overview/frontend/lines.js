// The lines of the table, and the groups that they are in.

import { arrange, make, makeButton, makePart, write } from "./dom.js";
import { countText } from "./format.js";
import { KINDS } from "./model.js";
import { makeTick } from "./selection.js";

const ICONS = { electricity: "mdi:flash", water: "mdi:water" };

/** Make the head of the table. */
export const makeHead = (t) => {
  const columns = makePart("tr", "row", "line columns");
  for (const key of ["room", ...KINDS]) {
    const column = makePart("th", "columnheader", key === "room" ? key : `cell ${key}`);
    column.scope = "col";
    if (ICONS[key]) {
      const icon = make("ha-icon");
      icon.icon = ICONS[key];
      column.append(icon);
    }
    column.append(make("span", "", t[key]));
    columns.append(column);
  }
  const head = makePart("thead", "rowgroup");
  head.append(columns);
  return head;
};

const makeCredit = (room, meter, t) => {
  const button = makeButton("credit");
  const kind = meter.kind ? `, ${t[meter.kind]}` : "";
  button.setAttribute("aria-label", t.creditFor(`${room.title}${kind}`));
  button.title = t.credit;
  button.room = room;
  button.meter = meter;
  return button;
};

/** A room as a line; one that needs attention has two, at the top and in its building. */
class Line {
  constructor(room, { withBuilding, canCredit, selection }, t) {
    this.element = makePart("tr", "row", "line");
    const heading = makePart("th", "rowheader", "room");
    heading.scope = "row";
    if (withBuilding && room.place) heading.append(make("div", "building", room.place));
    heading.append(make("div", "", room.name));
    if (selection) {
      const { element, box } = makeTick(t.tick(room.title), (isOn) => selection.tick([room], isOn));
      heading.prepend(element);
      this._box = box;
      this._selection = selection;
    }
    this.element.append(heading);
    this._room = room;
    this._meters = [];
    room.columns.forEach((column, i) => {
      const cell = makePart("td", "cell", `cell ${KINDS[i]}`);
      for (const meter of column) {
        const button = makeButton("meter");
        const parts = ["balance", "sign", "days", "use", "reading", "age"];
        const spans = parts.map((part) => make("span", part));
        button.append(...spans);
        button.meter = meter;
        const place = make("div", "place");
        place.append(button);
        if (canCredit && meter.deviceId) place.append(makeCredit(room, meter, t));
        cell.append(place);
        this._meters.push([meter, button, ...spans]);
      }
      this.element.append(cell);
    });
    this.draw(t);
  }

  /** Show whether it is ticked. */
  mark() {
    if (this._box) this._box.checked = this._selection.has(this._room);
  }

  draw(t) {
    for (const [meter, button, balance, sign, days, use, reading, age] of this._meters) {
      const state = meter.arrears ? "arrears" : meter.low ? "low" : "";
      button.className = ["meter", state, meter.silent && "silent"].filter(Boolean).join(" ");
      const kind = meter.kind ? `${t[meter.kind]}, ` : "";
      button.setAttribute("aria-label", `${this._room.title}, ${kind}${meter.words(t)}`);
      write(balance, meter.balanceText);
      write(sign, state && t[state]);
      write(days, meter.daysText && t.left(meter.daysText));
      write(use, meter.useText && `${t.month} ${meter.useText}`);
      write(reading, meter.readingText);
      write(age, [meter.age, meter.silent && t.silent].filter(Boolean).join(" · "));
    }
  }
}

/** Rooms under a heading that folds them; without a title there is no heading. */
export class Group {
  constructor(title, how, onFold) {
    this._how = how;
    this._lines = new Map();
    this.element = makePart("tbody", "rowgroup", "group");
    if (!title) return;
    this._title = title;
    this._heading = makePart("tr", "row", "heading");
    const cell = makePart("th", "rowheader");
    cell.scope = "rowgroup";
    cell.colSpan = 1 + KINDS.length;
    this._button = makeButton("fold", onFold);
    this._count = make("span", "count");
    this._button.append(make("span", "title", title), this._count);
    if (how.selection) {
      const onTick = (isOn) => how.selection.tick(this._rooms, isOn);
      const { element, box } = makeTick(how.tickAll(title), onTick);
      cell.append(element);
      this._box = box;
    }
    cell.append(this._button);
    this._heading.append(cell);
  }

  /** Show these rooms in this order, the first ones if not all at once; return how many. */
  show(rooms, folded, most, t, language) {
    const lines = new Map();
    for (const room of folded ? [] : rooms.slice(0, most)) {
      const line = this._lines.get(room) || new Line(room, this._how, t);
      lines.set(room, line);
    }
    this._lines = lines;
    this._rooms = rooms;
    this._mark();
    const elements = [...lines.values()].map((line) => line.element);
    if (this._heading) {
      const count = countText(rooms.length, language);
      this._button.setAttribute("aria-expanded", String(!folded));
      this._button.setAttribute("aria-label", `${this._title}, ${t.found(count)}`);
      write(this._count, count);
      elements.unshift(this._heading);
    }
    arrange(this.element, elements);
    return lines.size;
  }

  /** Show which rooms are ticked. */
  _mark() {
    for (const line of this._lines.values()) line.mark();
    if (!this._box) return;
    const ticked = this._rooms.filter((room) => this._how.selection.has(room)).length;
    this._box.checked = ticked > 0 && ticked === this._rooms.length;
    this._box.indeterminate = ticked > 0 && ticked < this._rooms.length;
  }

  /** Draw a room anew, if it is here. */
  draw(room, t) {
    const line = this._lines.get(room);
    if (line) line.draw(t);
  }
}
