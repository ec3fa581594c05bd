// Fields and buttons of the views that show tables.

import { make, makeButton } from "./dom.js";
import { stampText } from "./format.js";

const AMOUNT = /^\d{1,6}(\.\d{1,2})?$/;

/** Return a day as actions and fields write it; months and days may run over. */
export const dayOf = (year, month, day) =>
  new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

/** Return a day so many days after one. */
export const dayAfter = (first, count = 1) => {
  const [year, month, day] = first.split("-").map(Number);
  return dayOf(year, month, day + count);
};

export const today = () => stampText(new Date()).slice(0, 10);

const makeField = (label, input, onChange) => {
  const element = make("label", "field", label);
  input.addEventListener("change", onChange);
  element.append(input);
  return element;
};

export const makeInput = (type, value) => {
  const input = make("input");
  input.type = type;
  input.value = value;
  return input;
};

/** Two days, the last one included; `element` holds their fields. */
export class SpanField {
  constructor(t, first, last, onChange) {
    this._first = makeInput("date", first);
    this._last = makeInput("date", last);
    this.elements = [
      makeField(t.from, this._first, onChange),
      makeField(t.until, this._last, onChange),
    ];
  }

  set(first, last) {
    this._first.value = first;
    this._last.value = last;
  }

  get isValid() {
    return Boolean(this.first && this.last && this.first <= this.last);
  }

  get first() {
    return this._first.value;
  }

  get last() {
    return this._last.value;
  }

  /** Return the span as actions take it: days are those of China, wherever Home Assistant runs. */
  get data() {
    const midnight = "00:00:00+08:00";
    return { start: `${this.first} ${midnight}`, end: `${dayAfter(this.last)} ${midnight}` };
  }
}

/** A field to choose from some values, by their texts. */
export const makeChoice = (label, texts, value, onChange) => {
  const select = make("select");
  for (const [key, text] of Object.entries(texts)) {
    const option = make("option", "", text);
    option.value = key;
    select.append(option);
  }
  select.value = value;
  const element = makeField(label, select, () => onChange(select.value));
  return element;
};

export const makeAction = (text, onClick, isMain = false) => {
  const button = makeButton(isMain ? "action main" : "action", onClick);
  button.textContent = text;
  return button;
};

/** Asks for an amount, or up to which balance to fill; `data` is it as the integration takes it. */
export class AmountForm {
  constructor(t, { onSubmit, onError }) {
    this._input = makeInput("text", "");
    this._input.inputMode = "decimal";
    this._input.autocomplete = "off";
    this._input.setAttribute("aria-label", t.amount);
    const keys = { amount: t.creditAmount, up_to: t.creditUpTo };
    const choice = makeChoice(t.how_, keys, "amount", (key) => (this._key = key));
    this._key = "amount";
    this.element = make("form", "form");
    this.element.append(choice, this._input, make("span", "", t.yuan));
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (AMOUNT.test(this._text) && Number(this._text) > 0) onSubmit();
      else onError(t.badAmount);
    });
  }

  get _text() {
    return this._input.value.normalize("NFKC").trim();
  }

  get data() {
    return { [this._key]: this._text };
  }

  focus() {
    this._input.focus();
  }

  submit() {
    this.element.requestSubmit();
  }
}
