// The view of all orders.

import { AccountField, errorText, perform } from "./actions.js";
import { Card } from "./card.js";
import { saveCsv } from "./csv.js";
import { make, write } from "./dom.js";
import { SpanField, dayAfter, makeAction, makeChoice, makeInput, today } from "./fields.js";
import { countText, isElsewhere, moneyText, stampText, timeText } from "./format.js";
import { plain, wordsOf } from "./search.js";
import { makeSheet } from "./sheet.js";

const SHOWN_DAYS = 30;
const STATUSES = ["confirmed", "rejected", "unknown"];
const SECONDS_PER_METER = 2;

/** The journal as a list, newest first. */
export class Orders extends Card {
  constructor() {
    super();
    this._status = "";
    this._words = [];
    this._orders = null;
  }

  build(page) {
    const { t } = this;
    const load = () => this._load();
    this._account = new AccountField(t, load);
    this._span = new SpanField(t, dayAfter(today(), -SHOWN_DAYS), today(), load);
    const statuses = Object.fromEntries(STATUSES.map((status) => [status, t.statuses[status]]));
    const choice = makeChoice(t.outcome, { "": t.anyOutcome, ...statuses }, this._status, (status) => {
      this._status = status;
      this._show();
    });
    const search = makeInput("search", "");
    search.placeholder = t.searchOrders;
    search.setAttribute("aria-label", t.searchOrders);
    search.addEventListener("input", () => {
      this._words = wordsOf(search.value);
      this._show();
    });
    this._compare = makeAction(t.compare, () => this._load(true));
    this._csv = makeAction(t.csv, () => this._save());
    this._csv.hidden = true;
    const fields = make("div", "form");
    fields.append(this._account.element, ...this._span.elements, choice, search);
    const actions = make("div", "actions");
    actions.append(this._compare, this._csv);
    this._note = make("div", "status");
    this._note.setAttribute("role", "status");
    this._place = make("div", "paper");
    page.append(fields, actions, this._note, this._place);
    this._start();
  }

  update() {}

  async _start() {
    try {
      if (await this._account.load(this.hass)) await this._load();
      else write(this._note, this.t.noAccount);
    } catch (error) {
      write(this._note, await errorText(this.hass, error));
    }
  }

  /** Ask for the orders, and for what the platform has of them if they are to be compared. */
  async _load(verify = false) {
    const { t } = this;
    // What was asked for before isn't shown any more.
    const request = (this._request = {});
    this._orders = null;
    this._csv.hidden = true;
    this._place.replaceChildren();
    this._compare.disabled = true;
    if (!this._span.isValid) return write(this._note, t.badSpan);
    write(this._note, verify ? t.comparing(this._minutes()) : t.loading);
    const data = { config_entry_id: this._account.value, ...this._span.data, verify };
    try {
      const { recharges, not_in_journal: others = [] } = await perform(this.hass, "get_recharges", data);
      if (request !== this._request) return;
      this._orders = recharges.reverse();
      this._others = others;
      this._isCompared = verify;
      this._show();
    } catch (error) {
      if (request === this._request) write(this._note, await errorText(this.hass, error));
    }
    if (request === this._request) this._compare.disabled = false;
  }

  /** Return about how many minutes it takes to read the payments of all meters. */
  _minutes() {
    const meters = Object.values(this.hass.devices).filter(
      (device) => device.config_entries.includes(this._account.value) && device.serial_number,
    );
    const minutes = Math.ceil((meters.length * SECONDS_PER_METER) / 60);
    return countText(Math.max(1, minutes), this.hass.language);
  }

  get _shown() {
    return this._orders.filter((order) => {
      if (this._status && order.status !== this._status) return false;
      const text = plain(`${order.meter} ${order.user || ""}`);
      const codes = [plain(order.order_number), plain(order.user_code)];
      return this._words.every(
        (word) => text.includes(word) || codes.some((code) => code.includes(word)),
      );
    });
  }

  get _columns() {
    const { hass, t } = this;
    return [
      { title: t.when, cell: (order) => timeText(order.sent, hass.language) },
      { title: t.room, cell: (order) => order.meter },
      {
        title: t.amount,
        className: "figure",
        cell: (order) => moneyText(order.amount, hass.language),
      },
      { title: t.outcome, cell: (order) => this._outcome(order) },
      { title: t.by, className: "wide", cell: (order) => order.user || t.automation },
      { title: t.orderNumber, className: "wide code", cell: (order) => order.order_number },
      ...(this._isCompared
        ? [{ title: t.platform, cell: (order) => t.verifications[order.verification] || "" }]
        : []),
    ];
  }

  _outcome({ status, source, message }) {
    const { t } = this;
    const outcome = make("div", `outcome ${status}`, t.statuses[status] || status);
    const how = [t.sources[source], message].filter(Boolean).join(" · ");
    return [outcome, make("div", "small", how)];
  }

  _show() {
    if (!this._orders) return;
    const { hass, t } = this;
    const orders = this._shown;
    this._csv.hidden = !orders.length;
    const credited = orders.filter((order) => order.status === "confirmed");
    const total = credited.reduce((sum, order) => sum + Math.round(order.amount * 100), 0) / 100;
    const found = [countText(orders.length, hass.language), moneyText(total, hass.language)];
    const words = [orders.length ? t.ordersFound(...found) : t.noOrders];
    if (orders.length && isElsewhere()) words.push(t.inChina);
    write(this._note, words.join(" "));
    const parts = orders.length ? [makeSheet(t.orders, this._columns, [{ rows: orders }])] : [];
    if (this._isCompared && this._others.length) {
      const columns = [
        { title: t.when, cell: (payment) => timeText(payment.time, hass.language) },
        { title: t.userCode, cell: (payment) => payment.user_code },
        {
          title: t.amount,
          className: "figure",
          cell: (payment) => moneyText(payment.amount, hass.language),
        },
        { title: t.orderNumber, className: "code", cell: (payment) => payment.order_number },
      ];
      parts.push(make("p", "status", t.notInJournal));
      parts.push(makeSheet(t.notInJournal, columns, [{ rows: this._others }]));
    }
    this._place.replaceChildren(...parts);
  }

  _save() {
    const { t } = this;
    const head = [t.when, t.room, t.userCode, t.amount, t.outcome, t.how, t.message, t.by];
    const rows = this._shown.map((order) => [
      stampText(order.sent),
      order.meter,
      order.user_code,
      order.amount,
      t.statuses[order.status] || order.status,
      t.sources[order.source] || order.source,
      order.message,
      order.user || t.automation,
      order.order_number,
      order.balance_before,
      order.balance_after,
      ...(this._isCompared ? [t.verifications[order.verification] || ""] : []),
    ]);
    head.push(t.orderNumber, t.before, t.after, ...(this._isCompared ? [t.platform] : []));
    const { first, last } = this._span;
    saveCsv(`${t.orders} ${this._account.title} ${first} ${last}`, [head, ...rows]);
  }
}
