// Crediting many meters: jobs of the integration, which go on whoever looks.

import { isLost } from "./actions.js";
import { recall, remember } from "./memory.js";

const REQUEST = { type: "jrhsz/recharge_many/subscribe" };
const AGAIN_AFTER = 3000;

/** What is known of the jobs, for all cards and dialogs of the page. */
class Jobs {
  constructor() {
    this._followers = new Set();
    this._jobs = new Map();
    this._rows = new Map();
  }

  /** Tell a function after each change, until `leave`. */
  follow(connection, follower) {
    this._followers.add(follower);
    if (this._connection) return;
    this._connection = connection;
    connection.addEventListener("ready", () => this._subscribe());
    this._subscribe();
  }

  leave(follower) {
    this._followers.delete(follower);
  }

  /** Be told of all jobs, and of what changes, until the connection breaks. */
  async _subscribe() {
    const attempt = (this._attempt = {});
    const take = (event) => this._take(event);
    try {
      await this._connection.subscribeMessage(take, REQUEST, { resubscribe: false });
    } catch (error) {
      if (isLost(error)) return;
      // While Home Assistant starts it doesn't know the request yet.
      setTimeout(() => attempt === this._attempt && this._subscribe(), AGAIN_AFTER);
    }
  }

  _take({ jobs, job }) {
    // After a restart of Home Assistant the same batches are told as other jobs.
    if (jobs) {
      this._rows.clear();
      this._jobs.clear();
    }
    for (const each of jobs || [job]) {
      const rows = this._rows.get(each.job) || new Map();
      for (const row of each.rows) rows.set(row.user_code, row);
      this._rows.set(each.job, rows);
      this._jobs.set(each.job, { ...each, rows: [...rows.values()] });
    }
    this._tell();
  }

  get(id) {
    return this._jobs.get(id);
  }

  /** Return the newest job that credits a batch, or did so. */
  of(batch) {
    return [...this._jobs.values()].filter((job) => !job.dry_run && job.batch === batch).pop();
  }

  /** Return the newest job that credits, or did so. */
  get last() {
    return [...this._jobs.values()].filter((job) => !job.dry_run).pop();
  }

  /** Return it until somebody here has read how it ended. */
  get unread() {
    const { last } = this;
    return last && (last.state === "running" || last.batch !== recall().closedBatch) ? last : null;
  }

  /** Note that somebody has read how a batch ended. */
  close(batch) {
    remember({ closedBatch: batch });
    this._tell();
  }

  _tell() {
    for (const follower of [...this._followers]) follower();
  }
}

export const jobs = new Jobs();

/** Return how many rooms of a job are done. */
export const doneOf = (job) => job.rows.filter(({ status }) => status !== "waiting").length;

/** Tell whether a room got nothing, and may get it by another attempt. */
export const hasFailed = ({ status }) => status === "rejected" || status === "refused";
