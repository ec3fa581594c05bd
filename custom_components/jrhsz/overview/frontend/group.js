// Rooms under a heading, and the lines that show them.

import { make, write } from "./dom.js";

/** A room as one line; a room that needs attention has two, at the top and in its building. */
export class Line {
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

/** Rooms under a heading that folds them. */
export class Group {
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
