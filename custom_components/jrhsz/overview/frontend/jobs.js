// Crediting many meters: jobs of the integration, which go on whoever looks.

import { recall, remember } from "./memory.js";

/** What is known of the jobs; `onChange` is told after each change. */
export class Jobs {
  constructor(onChange) {
    this._onChange = onChange;
    this._jobs = new Map();
    this._rows = new Map();
  }

  /** Follow the jobs until `stop`; a connection that comes back tells all of them anew. */
  start(connection) {
    if (this._subscription) return;
    const request = { type: "jrhsz/recharge_many/subscribe" };
    this._subscription = connection.subscribeMessage((event) => this._take(event), request);
  }

  async stop() {
    const subscription = this._subscription;
    this._subscription = null;
    if (subscription) (await subscription)();
  }

  _take({ jobs, job }) {
    if (jobs) this._rows.clear();
    for (const each of jobs || [job]) {
      const rows = this._rows.get(each.job) || new Map();
      for (const row of each.rows) rows.set(row.user_code, row);
      this._rows.set(each.job, rows);
      this._jobs.set(each.job, { ...each, rows: [...rows.values()] });
    }
    this._onChange();
  }

  get(id) {
    return this._jobs.get(id);
  }

  /** Return the newest job that credits, or did so. */
  get last() {
    return [...this._jobs.values()].filter((job) => !job.dry_run).pop();
  }

  /** Return it until somebody here has read how it ended. */
  get unread() {
    const { last } = this;
    return last && (last.state === "running" || last.job !== recall().closedJob) ? last : null;
  }

  /** Note that somebody has read how a job ended. */
  close(id) {
    remember({ closedJob: id });
    this._onChange();
  }
}

/** Return how many rooms of a job are done. */
export const doneOf = (job) => job.rows.filter(({ status }) => status !== "waiting").length;

/** Tell whether a room got nothing, and may get it by another attempt. */
export const hasFailed = ({ status }) => status === "rejected" || status === "refused";
