// The dialog in which an administrator credits a meter.

import { errorText, isLost } from "./actions.js";
import { Dialog } from "./dialog.js";
import { make, write } from "./dom.js";
import { AmountForm, makeAction } from "./fields.js";
import { ageText, moneyText } from "./format.js";

const SECONDS = 5;

/**
 * One dialog credits one meter, at most once: the integration hands out the number of its order, the
 * same one to a second tab or after a reload, until something was sent with it.
 */
export class CreditDialog extends Dialog {
  constructor(card, room, meter) {
    const kind = meter.kind ? ` · ${card.t[meter.kind]}` : "";
    super(card, `${room.title}${kind}`, `${card.t.userCode} ${meter.userCode}`);
    this._meter = meter;
    this._form = new AmountForm(card.t, {
      onSubmit: () => this._check(),
      onError: (text) => this.tell(text),
    });
    this._last = make("p", "last");
    this._left = make("p", "small");
    this._ask();
  }

  open() {
    super.open();
    this._form.focus();
    this._prepare().then((problem) => problem && this.tell(problem));
  }

  leave() {
    clearInterval(this._timer);
  }

  _call(command, data) {
    const request = { type: `jrhsz/recharge/${command}`, device_id: this._meter.deviceId };
    return this.card.hass.callWS({ ...request, ...data });
  }

  /**
   * Ask for the order's number, who credited the meter last, and what may be credited today.
   *
   * Return what went wrong.
   */
  async _prepare() {
    const { hass, t } = this.card;
    try {
      const { order_number: number, newest, limits } = await this._call("prepare");
      this._number = number;
      this._take(newest, limits);
      return "";
    } catch (error) {
      return isLost(error) ? t.offline : await errorText(hass, error);
    }
  }

  /** Show the newest order and the limits as they are now. */
  _take(newest, limits) {
    const { hass, t } = this.card;
    this._newest = newest ? newest.order_number : null;
    write(this._last, newest ? this._lastText(newest) : "");
    const money = (amount) => moneyText(amount, hass.language);
    const { order, meter, account } = limits;
    const text = t.limits(money(meter.left), money(account.left), money(order));
    write(this._left, order ? text : t.rechargeOff);
  }

  _lastText({ user, amount, sent, status }) {
    const { hass, t } = this.card;
    const age = ageText(Date.now() - Date.parse(sent), hass.language, "");
    const when = age ? t.before_(age) : t.momentAgo;
    const words = { who: user || t.automation, when, amount: moneyText(amount, hass.language) };
    return t.lastOrder(words, t.statuses[status]);
  }

  /** Ask for the amount. */
  _ask(status = "") {
    const { t } = this.card;
    const balance = make("p", "large", `${t.balance} ${this._meter.balanceText}`);
    const go = makeAction(t.goOn, () => this._form.submit(), true);
    const body = [balance, this._last, this._form.element, this._left];
    this.show(status, body, [this.closeButton(t.cancel), go]);
    this._form.focus();
  }

  /** Send the order, or let the integration check it only. */
  _send(isDryRun) {
    const data = { ...this._form.data, newest: this._newest, order_number: this._number };
    return this._call("send", { ...data, dry_run: isDryRun });
  }

  /** Let the integration read the meter and check the limits; nothing is sent. */
  async _check() {
    const { t } = this.card;
    this.show(t.checking, [], [this.closeButton(t.cancel)]);
    try {
      const problem = this._number ? "" : await this._prepare();
      if (problem) return this._ask(problem);
      const answer = await this._send(true);
      if (!this.element.open) return;
      this._take(answer.newest, answer.limits);
      if (answer.status === "dry_run") this._confirm(answer);
      else this.show(answer.message || t.notNeeded, [], [this.closeButton()]);
    } catch (error) {
      await this._askAgain(error);
    }
  }

  /** Tell why nothing was sent, and what is different now. */
  async _askAgain(error) {
    const { hass, t } = this.card;
    const text = isLost(error) ? t.offline : await errorText(hass, error);
    if (this.element.open) this._ask(text);
    const problem = await this._prepare();
    if (problem) this.tell(problem);
  }

  /** Show what would be done, and let it be confirmed. */
  _confirm({ amount, balance }) {
    const { t } = this.card;
    const { language } = this.card.hass;
    const money = moneyText(amount, language);
    const body = [make("p", "large", money)];
    if (balance !== null) {
      const after = moneyText((Math.round(balance * 100) + Math.round(amount * 100)) / 100, language);
      body.push(make("p", "", `${t.balance} ${moneyText(balance, language)} → ${after}`));
    }
    body.push(make("p", "", t.noUndo));
    const back = makeAction(t.back, () => this._ask());
    const go = makeAction(t.creditNow(money), () => this._countDown(money), true);
    this.show("", body, [back, go]);
  }

  /** Wait a moment, in which it can still be cancelled. */
  _countDown(money) {
    const { t } = this.card;
    let left = SECONDS;
    const stop = makeAction(t.cancel, () => {
      clearInterval(this._timer);
      this._ask(t.cancelled);
    });
    this.show(t.sendingIn(left), [make("p", "large", money)], [stop]);
    this._timer = setInterval(() => {
      left -= 1;
      this.tell(t.sendingIn(left));
      if (left > 0) return;
      clearInterval(this._timer);
      this._order();
    }, 1000);
  }

  /** Send it; another order of the meter that wasn't shown refuses it. */
  async _order() {
    const { t } = this.card;
    this.isSending = true;
    this.show(t.sending, [], []);
    try {
      this._tell(await this._send(false));
    } catch (error) {
      // Without an answer nobody here knows what came of it; the journal does.
      if (isLost(error)) this.show(t.lost, [], [this.closeButton()]);
      else await this._askAgain(error);
    } finally {
      this.isSending = false;
    }
  }

  /** Tell what came of it. */
  _tell({ status, amount, balance, message }) {
    const { hass, t } = this.card;
    const money = moneyText(amount, hass.language);
    const body = [make("p", `large outcome ${status}`, `${t.statuses[status] || status} ${money}`)];
    if (status === "confirmed" && balance !== null) {
      body.push(make("p", "", `${t.balance} ${moneyText(balance, hass.language)}`));
    }
    if (message) body.push(make("p", "", message));
    this.show(t.outcomes[status] || "", body, [this.closeButton()]);
  }
}
