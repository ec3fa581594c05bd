// The dialog in which an administrator credits many meters.

import { errorText, isLost } from "./actions.js";
import { Dialog } from "./dialog.js";
import { make, throttled } from "./dom.js";
import { AmountForm, makeAction, makeChoice } from "./fields.js";
import { ageText, countText, moneyText } from "./format.js";
import { doneOf, hasFailed, jobs } from "./jobs.js";
import { KINDS } from "./model.js";
import { makeSheet } from "./sheet.js";

const CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const RANDOM = 10;
const REDRAW_EVERY = 500;

/** Return a name for a batch that nobody else uses, and that tells its day. */
const newBatch = () => {
  let name = new Date().toISOString().slice(2, 10).replaceAll("-", "");
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM));
  for (const byte of bytes) name += CHARACTERS[byte % CHARACTERS.length];
  return name;
};

/** Asks for the amount, shows what each room would get, and what each one got. */
export class ManyDialog extends Dialog {
  /** Whoever has filtered by a sign, such as a low balance, means the meters that have it. */
  constructor(card, rooms, sign) {
    const { t } = card;
    super(card, t.creditMany, "", "many");
    this._rooms = rooms;
    this._batch = newBatch();
    this._form = new AmountForm(t, {
      onSubmit: () => this._check(),
      onError: (text) => this.tell(text),
    });
    const meters = rooms.flatMap((room) => room.meters);
    const kinds = KINDS.filter((kind) => meters.some((meter) => meter.kind === kind));
    const names = kinds.map((kind) => [kind, t[kind]]);
    if (sign) names.unshift([sign, t.onlyWith(t[sign])]);
    [[this._kind] = [""]] = names;
    const choices = { ...Object.fromEntries(names), "": t.bothKinds };
    const choice = makeChoice(t.kind, choices, this._kind, (kind) => {
      this._kind = kind;
    });
    choice.hidden = names.length < 2;
    this._form.element.prepend(choice);
    const redraw = throttled(() => this._draw(), REDRAW_EVERY);
    this._onJob = () => this._job && redraw();
  }

  /** Do what is to be done when it is closed; the card says what. */
  onLeave() {}

  open() {
    super.open();
    jobs.follow(this.card.hass.connection, this._onJob);
  }

  /** Ask for the amount. */
  ask() {
    this.open();
    this._ask();
  }

  /** Show a batch that is under way, or how it ended. */
  follow(batch) {
    this.open();
    this._batch = batch;
    this._draw();
  }

  leave() {
    jobs.leave(this._onJob);
    const job = this._job;
    const isOver = Boolean(job) && !job.dry_run && job.state !== "running";
    if (isOver) jobs.close(job.batch);
    this.onLeave(Boolean(job) && !job.dry_run);
  }

  /** Return the job that credits, also if its beginning wasn't heard of; else the preview. */
  get _job() {
    return jobs.of(this._batch) || jobs.get(this._preview);
  }

  _ask(status = "") {
    const { t } = this.card;
    this._preview = null;
    const go = makeAction(t.preview, () => this._form.submit(), true);
    const chosen = t.roomsChosen(this._count(this._rooms.length));
    const last = make("p", "last", this._lastText());
    const body = [make("p", "large", chosen), this._form.element, last];
    this.show(status, body, [this.closeButton(t.cancel), go]);
    this._form.focus();
  }

  /** Tell of the last batch of anybody, so that the same isn't done twice. */
  _lastText() {
    const { hass, t } = this.card;
    const { last } = jobs;
    if (!last || !last.confirmed) return "";
    const age = ageText(Date.now() - Date.parse(last.begun), hass.language, "");
    const words = {
      who: last.user || t.automation,
      when: age ? t.before_(age) : t.momentAgo,
      count: this._count(last.confirmed),
      sum: this._money(last.sum),
    };
    return t.lastBatch(words);
  }

  _count(count) {
    return countText(count, this.card.hass.language);
  }

  _money(amount) {
    return moneyText(amount, this.card.hass.language);
  }

  /** Return the balances of the meters that are meant; the integration knows meters by them. */
  get _entities() {
    return this._rooms
      .flatMap((room) => room.meters)
      .filter((meter) => !this._kind || meter.kind === this._kind || meter[this._kind] === true)
      .map((meter) => meter.entities[0])
      .filter(Boolean);
  }

  async _start(data, onError) {
    const { hass, t } = this.card;
    const request = { type: "jrhsz/recharge_many/start", batch: this._batch, ...data };
    try {
      const { job } = await hass.callWS(request);
      if (data.dry_run) this._preview = job;
      this._draw();
    } catch (error) {
      onError(isLost(error) ? t.offlineMany : await errorText(hass, error));
    }
  }

  /** Let the integration read each meter and check the limits; nothing is sent. */
  _check() {
    const { t } = this.card;
    this._request = { target: { entity_id: this._entities }, ...this._form.data };
    this.show(t.checking, [], [this.closeButton(t.cancel)]);
    this._start({ ...this._request, dry_run: true }, (text) => this._ask(text));
  }

  /** Credit what was shown; asked for again it is the same batch. */
  _confirm() {
    this._start(this._request, (text) => this.tell(text));
  }

  /** Credit those that failed; the integration sends nothing again that may have been credited. */
  _retry(job) {
    const failed = job.rows.filter(hasFailed).map((row) => row.user_code);
    const meters = this.card.rooms.flatMap((room) => room.meters);
    const again = meters.filter((meter) => failed.includes(meter.userCode));
    const data = { target: { entity_id: again.map((meter) => meter.entities[0]) } };
    for (const key of ["amount", "up_to", "only_below"]) {
      if (job[key] !== null) data[key] = job[key];
    }
    this._start(data, (text) => this.tell(text));
  }

  _draw() {
    const job = this._job;
    if (!job || !this.element.open) return;
    const body = [make("p", "", this._sumText(job)), this._table(job)];
    const state = `${job.job} ${job.state}`;
    if (state === this._drawn) {
      // The focus stays where it is.
      this._body.querySelector(".paper").replaceChildren(...body[1].children);
      this._body.firstElementChild.textContent = body[0].textContent;
      this.tell(this._stateText(job));
      return;
    }
    this._drawn = state;
    this.show(this._stateText(job), body, this._buttonsOf(job));
  }

  _sumText(job) {
    const { t } = this.card;
    const { account } = job.limits;
    return t.sumAndLimit(this._money(job.sum), this._money(account.left));
  }

  _stateText(job) {
    const { t } = this.card;
    if (job.state === "refused") return job.message;
    const done = this._count(doneOf(job));
    const total = this._count(job.total);
    if (job.state === "running") {
      return job.dry_run ? t.checkingMany(done, total) : t.creditingMany(done, total);
    }
    if (job.dry_run) return t.noUndo;
    const kinds = ["confirmed", "rejected", "unknown", "not_needed", "refused"];
    const found = kinds.filter((kind) => job[kind]);
    return found.map((kind) => `${t.statuses[kind]} ${this._count(job[kind])}`).join(" · ");
  }

  _buttonsOf(job) {
    const { t } = this.card;
    if (job.dry_run) {
      const back = makeAction(t.back, () => this._ask());
      const count = job.rows.filter(({ status }) => status === "dry_run").length;
      if (job.state !== "done" || !count) return [back];
      const text = t.creditRooms(this._count(count), this._money(job.sum));
      return [back, makeAction(text, () => this._confirm(), true)];
    }
    const failed = job.rows.filter(hasFailed).length;
    const buttons = [this.closeButton()];
    if (job.state === "done" && failed) {
      buttons.unshift(makeAction(t.retry(this._count(failed)), () => this._retry(job)));
    }
    return buttons;
  }

  /** Make a table of the rooms in the order in which they are shown elsewhere. */
  _table(job) {
    const { t } = this.card;
    const places = new Map();
    this.card.rooms.forEach((room) => {
      for (const meter of room.meters) {
        const kind = meter.kind ? ` · ${t[meter.kind]}` : "";
        places.set(meter.userCode, { title: `${room.title}${kind}`, index: places.size });
      }
    });
    const placeOf = (row) => places.get(row.user_code) || { title: row.meter, index: places.size };
    const rows = [...job.rows].sort((a, b) => placeOf(a).index - placeOf(b).index);
    // On a phone the outcome with its reason needs the room.
    const before = job.dry_run ? "figure" : "figure before";
    const columns = [
      { title: t.room, cell: (row) => placeOf(row).title },
      { title: t.before, className: before, cell: (row) => this._money(row.balance_before) },
      { title: t.amount, className: "figure", cell: (row) => this._amount(row) },
      { title: t.outcome, cell: (row) => this._outcome(row) },
    ];
    const paper = make("div", "paper");
    paper.append(makeSheet(t.creditMany, columns, [{ rows }]));
    return paper;
  }

  /** Return what a room gets or got; one that nothing was sent for gets nothing. */
  _amount({ status, amount }) {
    return status === "refused" ? "" : this._money(amount);
  }

  _outcome({ status, message, earlier }) {
    const { t } = this.card;
    const text = [t.statuses[status], earlier && t.earlier].filter(Boolean).join(" · ");
    return [make("div", `outcome ${status}`, text), make("div", "small", message || "")];
  }
}
