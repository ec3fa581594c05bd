// The view of bills.

import { AccountField, errorText, perform } from "./actions.js";
import { Card } from "./card.js";
import { saveCsv } from "./csv.js";
import { make, write } from "./dom.js";
import { SpanField, dayOf, makeAction, makeChoice, today } from "./fields.js";
import { isElsewhere, numberText, stampText, timeText } from "./format.js";
import { Bills, ledgerOf } from "./ledger.js";
import { KINDS } from "./model.js";
import { Printout } from "./printout.js";
import { makeSheet } from "./sheet.js";

const MONTHS = 13;
const UNITS = { electricity: "kWh", water: "m³" };

/** Bills of a span for all rooms of an account. */
export class BillsCard extends Card {
  constructor() {
    super();
    this._printout = new Printout(() => this._printed());
  }

  connectedCallback() {
    this._printout.connect();
  }

  disconnectedCallback() {
    this._printout.disconnect();
  }

  update() {}

  build(page) {
    const { t } = this;
    const load = () => this._load();
    this._account = new AccountField(t, load);
    const [, lastMonth] = Object.keys(this._months());
    this._span = new SpanField(t, "", "", () => {
      this._month.querySelector("select").value = "";
      load();
    });
    this._month = makeChoice(t.monthField, { ...this._months(), "": t.otherDates }, lastMonth, (month) => {
      if (month) this._setMonth(month);
      if (month) load();
    });
    this._setMonth(lastMonth);
    const fields = make("div", "form");
    fields.append(this._account.element, this._month, ...this._span.elements);
    this._actions = make("div", "actions");
    this._actions.append(
      makeAction(t.csv, () => this._save()),
      makeAction(t.print, () => window.print()),
    );
    this._actions.hidden = true;
    this._note = make("div", "status");
    this._note.setAttribute("role", "status");
    this._place = make("div", "paper bills");
    page.append(fields, this._actions, this._note, this._place);
    this._start();
  }

  async _start() {
    try {
      if (await this._account.load(this.hass)) await this._load();
      else write(this._note, this.t.noAccount);
    } catch (error) {
      write(this._note, await errorText(this.hass, error));
    }
  }

  /** Return the names of this month and the last ones, by their first days. */
  _months() {
    const [year, month] = today().split("-").map(Number);
    const options = { year: "numeric", month: "long", timeZone: "UTC" };
    const format = new Intl.DateTimeFormat(this.hass.language, options);
    return Object.fromEntries(
      Array.from({ length: MONTHS }, (_, i) => {
        const first = dayOf(year, month - i, 1);
        return [first, format.format(new Date(first))];
      }),
    );
  }

  _setMonth(first) {
    const [year, month] = first.split("-").map(Number);
    this._span.set(first, dayOf(year, month + 1, 0));
  }

  async _load() {
    const { hass, t } = this;
    // What was asked for before isn't shown any more.
    const request = (this._request = {});
    this._all = null;
    this._actions.hidden = true;
    this._place.replaceChildren();
    if (!this._span.isValid) return write(this._note, t.badSpan);
    write(this._note, t.loading);
    try {
      const [{ bills }, { rooms }] = await Promise.all([
        perform(hass, "get_bills", { config_entry_id: this._account.value, ...this._span.data }),
        hass.callWS({ type: "jrhsz/rooms" }),
      ]);
      if (request !== this._request) return;
      this._ledger = ledgerOf(bills, rooms, t.elsewhere);
      this._all = new Bills(t.total, this._ledger.flatMap(({ sums }) => sums.bills));
      this._show();
    } catch (error) {
      if (request === this._request) write(this._note, await errorText(hass, error));
    }
  }

  _show() {
    const { t } = this;
    const isEmpty = !this._all.bills.length;
    this._actions.hidden = isEmpty;
    write(this._note, isEmpty ? t.noBills : this._marks().join(" "));
    this._place.replaceChildren(...(isEmpty ? [] : [this._sheet()]));
  }

  /** Explain the marks that the table has. */
  _marks() {
    const { isPartial, isEstimate } = this._all.marks;
    const { t } = this;
    const marks = [isEstimate && t.estimated, isPartial && t.partial, isElsewhere() && t.inChina];
    return [t.inYuan, ...marks.filter(Boolean)];
  }

  _sheet() {
    const groups = this._ledger.map(({ name, rooms, sums }) => ({ title: name, rows: rooms, sums }));
    if (groups.length > 1) groups.push({ rows: [], sums: this._all });
    return makeSheet(this.t.bills, this._columns(), groups);
  }

  _columns() {
    const { t } = this;
    const { language } = this.hass;
    const figure = (title, text, className = "") => ({
      title,
      className: `figure ${className}`.trim(),
      cell: text,
      sum: text,
    });
    const marked = ({ value, isPartial, isEstimate }, text) =>
      `${isEstimate ? "≈ " : ""}${text(value)}${isPartial ? " *" : ""}`;
    const number = (value) => numberText(value, language);
    const sum = (key, kind) => (row) => marked(row.sum(key, kind), number);
    const columns = [
      { title: t.room, cell: (row) => row.name, sum: (row) => row.name || t.sum },
    ];
    for (const kind of KINDS.filter((each) => this._all.of(each).length)) {
      const readings = (key) => ({
        title: `${t[kind]} ${t[key]}`,
        className: "figure wide",
        cell: (row) =>
          row.of(kind).map((bill) => {
            const reading = make("div", "", numberText(bill[key], language));
            reading.title = timeText(bill[key.replace("reading", "time")], language);
            return reading;
          }),
      });
      columns.push(
        readings("first_reading"),
        readings("last_reading"),
        figure(`${t[kind]} ${t.use} (${UNITS[kind]})`, sum("use", kind)),
        figure(`${t[kind]} ${t.cost.toLowerCase()}`, sum("cost", kind), "wide"),
      );
    }
    if (this._all.bills.some((bill) => bill.charges)) {
      columns.push(figure(t.charges, sum("charges"), "wide"));
    }
    columns.push(figure(t.cost, sum("cost")));
    // What nobody knows would only make the rest narrow.
    const isKnown = (key) => this._all.sum(key).value !== null;
    for (const key of ["credited", "balance_start", "balance_end", "other"].filter(isKnown)) {
      columns.push(figure(t[key], sum(key), "wide"));
    }
    return columns;
  }

  _title() {
    const { first, last } = this._span;
    return `${this.t.bills} · ${this._account.title} · ${first} – ${last}`;
  }

  /** Return what is printed. */
  _printed() {
    if (!this._all || !this._all.bills.length) return [make("p", "", this._note.textContent)];
    const printed = this.t.printed(timeText(new Date(), this.hass.language));
    const words = [printed, this.t.rowsAdd, ...this._marks()].join(" ");
    return [make("h1", "", this._title()), make("p", "", words), this._sheet()];
  }

  /** Save a row per meter: what a room has of both kinds would not fit a column. */
  _save() {
    const { t } = this;
    const head = [t.building, t.room, t.kind, t.meter, t.userCode];
    head.push(t.first_reading, t.first_time, t.last_reading, t.last_time, t.use, t.unit, t.price);
    head.push(t.cost, t.charges, t.credited, t.balance_start, t.balance_end, t.other, t.note);
    const rows = this._ledger.flatMap(({ name, rooms }) =>
      rooms.flatMap((room) =>
        room.bills.map((bill) => [
          name,
          room.name,
          t[bill.kind] || "",
          bill.meter,
          bill.user_code,
          bill.first_reading,
          stampText(bill.first_time),
          bill.last_reading,
          stampText(bill.last_time),
          bill.use,
          UNITS[bill.kind] || "",
          bill.price,
          bill.cost,
          bill.charges,
          bill.credited,
          bill.balance_start,
          bill.balance_end,
          bill.other,
          bill.estimated ? t.estimate : "",
        ]),
      ),
    );
    const { first, last } = this._span;
    saveCsv(`${t.bills} ${this._account.title} ${first} ${last}`, [head, ...rows]);
  }
}
