// The dialog in which an administrator credits a meter.

import { errorText, hasField, perform } from "./actions.js";
import { make, write } from "./dom.js";
import { makeAction, makeChoice, makeInput } from "./fields.js";
import { DAY, ageText, moneyText } from "./format.js";

const AMOUNT = /^\d{1,6}(\.\d{1,2})?$/;
const CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const RANDOM = 26;
const SECONDS = 5;

/** Return a number for an order that nobody else uses. */
const newNumber = () => {
  let number = "HA";
  while (number.length < RANDOM + 2) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    // Each character is as likely as any other one.
    if (byte < 252) number += CHARACTERS[byte % CHARACTERS.length];
  }
  return number;
};

/** One dialog credits one meter, at most once: its order has one number from the first check on. */
export class CreditDialog {
  constructor(card, room, meter) {
    this._card = card;
    this._meter = meter;
    this._account = card.hass.devices[meter.deviceId].config_entries[0];
    this._name = `${room.title}${meter.kind ? ` · ${card.t[meter.kind]}` : ""}`;
    this.element = make("dialog", "credit-dialog");
    const title = make("h2", "", this._name);
    title.id = "credit-title";
    this.element.setAttribute("aria-labelledby", title.id);
    this._body = make("div", "credit-body");
    this._status = make("div", "credit-status");
    this._status.setAttribute("role", "status");
    this._buttons = make("div", "actions");
    this.element.append(
      title,
      make("div", "small", `${card.t.userCode} ${meter.userCode}`),
      this._body,
      this._status,
      this._buttons,
    );
    // What is on its way can't be left by a key; what only counts down can.
    this.element.addEventListener("cancel", (event) => {
      if (this._isSending) event.preventDefault();
    });
    this.element.addEventListener("close", () => {
      clearInterval(this._timer);
      this.element.remove();
    });
    this._ask();
  }

  open() {
    this._card.shadowRoot.append(this.element);
    this.element.showModal();
    this._look();
  }

  /** Show who credited the meter last, if it was in the last day. */
  async _look() {
    try {
      const order = await this._lastOrder();
      this._seen = order ? order.order_number : null;
      this._lastWords = order ? this._lastText(order) : "";
    } catch (error) {
      this._lastWords = await errorText(this._card.hass, error);
    }
    write(this._last, this._lastWords);
  }

  /** Return the newest order of the meter in the last day, whoever gave it. */
  async _lastOrder() {
    const start = new Date(Date.now() - DAY).toISOString();
    const data = { config_entry_id: this._account, start };
    const { recharges } = await perform(this._card.hass, "get_recharges", data);
    return recharges.filter((order) => order.device_id === this._meter.deviceId).pop();
  }

  _lastText({ user, amount, sent, status }) {
    const { hass, t } = this._card;
    const age = ageText(Date.now() - Date.parse(sent), hass.language, "");
    const when = age ? t.before_(age) : t.now;
    const words = { who: user || t.automation, when, amount: moneyText(amount, hass.language) };
    return t.lastOrder(words, t.statuses[status]);
  }

  _show(status, body, buttons) {
    write(this._status, status);
    this._body.replaceChildren(...body);
    this._buttons.replaceChildren(...buttons);
    const main = this._buttons.querySelector(".main") || this._buttons.lastElementChild;
    if (this.element.open && main) main.focus();
  }

  _closeButton(text = this._card.t.close) {
    return makeAction(text, () => this.element.close());
  }

  /** Ask for the amount. */
  _ask(status = "") {
    const { hass, t } = this._card;
    const input = makeInput("text", this._text || "");
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.setAttribute("aria-label", t.amount);
    const form = make("form", "form");
    form.id = "credit-form";
    if (hasField(hass, "recharge", "up_to")) {
      this._key = this._key || "amount";
      const keys = { amount: t.creditAmount, up_to: t.creditUpTo };
      form.append(makeChoice(t.how_, keys, this._key, (key) => (this._key = key)));
    }
    form.append(input, make("span", "", t.yuan));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._text = input.value.normalize("NFKC").trim();
      if (AMOUNT.test(this._text) && Number(this._text) > 0) this._check();
      else write(this._status, t.badAmount);
    });
    this._last = make("p", "last", this._lastWords);
    const balance = make("p", "large", `${t.balance} ${this._meter.balanceText}`);
    const go = makeAction(t.goOn, () => form.requestSubmit(), true);
    this._show(status, [balance, this._last, form], [this._closeButton(t.cancel), go]);
    input.focus();
    input.autofocus = true;
  }

  get _request() {
    return { device_id: this._meter.deviceId, [this._key || "amount"]: this._text };
  }

  /** Let the integration read the meter and check the limits; nothing is sent. */
  async _check() {
    const { hass, t } = this._card;
    this._show(t.checking, [], [this._closeButton(t.cancel)]);
    try {
      const answer = await perform(hass, "recharge", { ...this._request, dry_run: true });
      if (!this.element.open) return;
      if (answer.status !== "dry_run") {
        this._show(answer.message || t.notNeeded, [], [this._closeButton()]);
        return;
      }
      // The integration hands a number out, so that two pages have the same one.
      this._number = answer.order_number || this._number || newNumber();
      this._confirm(answer);
    } catch (error) {
      this._ask(await errorText(hass, error));
    }
  }

  /** Show what would be done, and let it be confirmed. */
  _confirm({ amount, balance }) {
    const { t } = this._card;
    const { language } = this._card.hass;
    const money = moneyText(amount, language);
    const body = [make("p", "large", money)];
    if (balance !== null) {
      const after = moneyText((Math.round(balance * 100) + Math.round(amount * 100)) / 100, language);
      body.push(make("p", "", `${t.balance} ${moneyText(balance, language)} → ${after}`));
    }
    body.push(make("p", "", t.noUndo));
    const back = makeAction(t.back, () => this._ask());
    const go = makeAction(t.creditNow(money), () => this._countDown(money), true);
    this._show("", body, [back, go]);
  }

  /** Wait a moment, in which it can still be cancelled. */
  _countDown(money) {
    const { t } = this._card;
    let left = SECONDS;
    const stop = makeAction(t.cancel, () => {
      clearInterval(this._timer);
      this._ask(t.cancelled);
    });
    this._show(t.sendingIn(left), [make("p", "large", money)], [stop]);
    this._timer = setInterval(() => {
      left -= 1;
      write(this._status, t.sendingIn(left));
      if (left > 0) return;
      clearInterval(this._timer);
      this._send();
    }, 1000);
  }

  /** Send it, unless somebody else has credited the meter meanwhile. */
  async _send() {
    const { hass, t } = this._card;
    this._isSending = true;
    this._show(t.sending, [], []);
    try {
      const newest = await this._lastOrder();
      const isNews = newest && newest.order_number !== this._seen;
      if (isNews && newest.order_number !== this._number) {
        this._seen = newest.order_number;
        this._ask(this._lastText(newest));
        return;
      }
      const request = { ...this._request, order_number: this._number };
      this._tell(await perform(hass, "recharge", request));
    } catch (error) {
      // Without an answer nobody here knows what came of it; the journal does.
      const text = typeof error === "number" ? t.lost : await errorText(hass, error);
      this._show(text, [], [this._closeButton()]);
    } finally {
      this._isSending = false;
    }
  }

  /** Tell what came of it. */
  _tell({ status, amount, balance, message }) {
    const { hass, t } = this._card;
    const money = moneyText(amount, hass.language);
    const body = [make("p", `large outcome ${status}`, `${t.statuses[status] || status} ${money}`)];
    if (status === "confirmed" && balance !== null) {
      body.push(make("p", "", `${t.balance} ${moneyText(balance, hass.language)}`));
    }
    if (message) body.push(make("p", "", message));
    this._show(t.outcomes[status] || "", body, [this._closeButton()]);
  }
}
