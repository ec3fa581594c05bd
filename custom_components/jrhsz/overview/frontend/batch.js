// Crediting many rooms: ticking them, and what is told of it above the rooms.

import { hasAction } from "./actions.js";
import { make, write } from "./dom.js";
import { makeAction } from "./fields.js";
import { countText } from "./format.js";
import { doneOf, jobs } from "./jobs.js";
import { ManyDialog } from "./many.js";
import { Selection } from "./selection.js";

/** The part of the card with the rooms that is about many of them; `element` stands above them. */
export class Batch {
  constructor(card, { shown, isNarrowed, onBegin, onChange }) {
    const { t } = card;
    this._card = card;
    this._onJob = () => this._showJob();
    const { user } = card.hass;
    this._isOffered =
      user.is_admin && !card.config.room && hasAction(card.hass, "recharge_many");
    this._selection = new Selection(t, {
      shown,
      isNarrowed,
      onBegin,
      onChange,
      onGo: () => this._open((dialog) => dialog.ask()),
    });
    this._words = make("p");
    this._words.setAttribute("role", "status");
    this._look = makeAction(t.look, () =>
      this._open((dialog) => dialog.follow(jobs.last.batch)),
    );
    this._note = make("div", "job");
    this._note.append(this._words, this._look);
    this._note.hidden = true;
    this.element = make("div");
    this.element.append(this._note, this._selection.element);
    this.element.hidden = !this._isOffered;
  }

  /** Return the rooms that are ticked, while rooms can be ticked. */
  get selection() {
    return this._selection.isOn ? this._selection : null;
  }

  start() {
    if (!this._isOffered) return;
    jobs.follow(this._card.hass.connection, this._onJob);
    this._showJob();
  }

  stop() {
    jobs.leave(this._onJob);
  }

  /** Tell how far the newest batch is, until somebody has read how it ended. */
  _showJob() {
    const { hass, t } = this._card;
    const job = jobs.unread;
    this._note.hidden = !job;
    if (job) {
      const [done, total] = [doneOf(job), job.total].map((count) => countText(count, hass.language));
      write(this._words, job.state === "running" ? t.creditingMany(done, total) : t.batchOver(total));
    }
  }

  _open(begin) {
    const rooms = this._card.rooms.filter((room) => this._selection.has(room));
    const dialog = new ManyDialog(this._card, rooms, this._card.filter);
    dialog.onLeave = (isOver) => {
      if (isOver) this._selection.end();
    };
    begin(dialog);
  }
}
