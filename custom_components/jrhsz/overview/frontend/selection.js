// Ticking rooms, to credit many of them.

import { make, write } from "./dom.js";
import { makeAction } from "./fields.js";
import { countText } from "./format.js";

/** The rooms that are ticked, while rooms can be ticked; `element` is the bar that tells how many. */
export class Selection {
  constructor(t, { shown, isNarrowed, onBegin, onChange, onGo }) {
    this._t = t;
    this._shown = shown;
    this._isNarrowed = isNarrowed;
    this._onChange = onChange;
    this._onBegin = onBegin;
    this._keys = new Set();
    this.isOn = false;
    this.element = make("div", "actions selection");
    this._begin = makeAction(t.creditMany, () => this._switch(true));
    this._all = makeAction(t.tickShown, () => this._tickShown());
    this._go = makeAction("", () => onGo(), true);
    this._cancel = makeAction(t.cancel, () => this._switch(false));
    this.element.append(this._begin, this._go, this._all, this._cancel);
    this._show();
  }

  has(room) {
    return this._keys.has(room.key);
  }

  /** Tick rooms, or untick them. */
  tick(rooms, isOn) {
    for (const { key } of rooms) {
      if (isOn) this._keys.add(key);
      else this._keys.delete(key);
    }
    this._show();
    this._onChange();
  }

  end() {
    this._switch(false);
  }

  _tickShown() {
    const rooms = this._shown();
    this.tick(rooms, !rooms.every((room) => this.has(room)));
  }

  _switch(isOn) {
    this.isOn = isOn;
    this._keys.clear();
    // Whoever has looked for some rooms means those; any tick can be taken away.
    if (isOn && this._isNarrowed()) for (const { key } of this._shown()) this._keys.add(key);
    this._show();
    this._onBegin();
    (this._keys.size ? this._go : isOn ? this._all : this._begin).focus();
  }

  _show() {
    this._begin.hidden = this.isOn;
    for (const button of [this._go, this._all, this._cancel]) button.hidden = !this.isOn;
    this._go.disabled = !this._keys.size;
    write(this._go, this._t.creditTicked(countText(this._keys.size)));
  }
}

/** Make a box to tick rooms by. */
export const makeTick = (label, onTick) => {
  const element = make("label", "tick");
  const box = make("input");
  box.type = "checkbox";
  box.setAttribute("aria-label", label);
  box.addEventListener("change", () => onTick(box.checked));
  element.append(box);
  return { element, box };
};
