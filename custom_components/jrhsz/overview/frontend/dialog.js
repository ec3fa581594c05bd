// What the dialogs of the dashboard have in common.

import { make, write } from "./dom.js";
import { makeAction } from "./fields.js";
import { STYLE } from "./style.js";

const HOST = "jrhsz-dialogs";
const MOVES = ["popstate", "location-changed"];

/** Return where dialogs are: a card is made anew whenever a lost connection comes back. */
const hostOf = () => {
  let host = document.querySelector(HOST);
  if (!host) {
    host = make(HOST);
    host.attachShadow({ mode: "open" }).append(make("style", "", STYLE));
    document.body.append(host);
  }
  return host.shadowRoot;
};

/** A dialog with a title, a body that changes, a line that is read aloud, and buttons. */
export class Dialog {
  constructor(card, title, subtitle, className = "") {
    this.card = card;
    this.element = make("dialog", `credit-dialog ${className}`.trim());
    const heading = make("h2", "", title);
    heading.id = "credit-title";
    this.element.setAttribute("aria-labelledby", heading.id);
    this._body = make("div", "credit-body");
    this._status = make("div", "credit-status");
    this._status.setAttribute("role", "status");
    this._buttons = make("div", "actions");
    const small = make("div", "small", subtitle);
    this.element.append(heading, small, this._body, this._status, this._buttons);
    // What is on its way can't be left by a key; what only counts down can.
    this.element.addEventListener("cancel", (event) => {
      if (this.isSending) event.preventDefault();
    });
    // Who goes elsewhere can't cancel any more.
    this._onMove = () => {
      if (window.location.pathname !== this._path) this.element.close();
    };
    this.element.addEventListener("close", () => {
      for (const name of MOVES) window.removeEventListener(name, this._onMove);
      this.leave();
      this.element.remove();
    });
  }

  /** Do what is to be done when it is closed. */
  leave() {}

  open() {
    this._path = window.location.pathname;
    for (const name of MOVES) window.addEventListener(name, this._onMove);
    hostOf().append(this.element);
    this.element.showModal();
  }

  /** Show another step; the focus goes to what is done next. */
  show(status, body, buttons) {
    this.tell(status);
    this._body.replaceChildren(...body);
    this._buttons.replaceChildren(...buttons);
    const main = this._buttons.querySelector(".main") || this._buttons.lastElementChild;
    if (this.element.open && main) main.focus();
  }

  tell(status) {
    write(this._status, status);
  }

  closeButton(text = this.card.t.close) {
    return makeAction(text, () => this.element.close());
  }
}
