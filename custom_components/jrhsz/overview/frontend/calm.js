// When lines may change their places without anybody having asked for it.

// Whoever is about to tap has touched the page shortly before, or is still above it.
const REST = 15_000;
const LONG_REST = 60_000;
const SETTLED = 500;
const INPUTS = ["pointerdown", "pointermove", "touchmove", "wheel", "keydown"];

/** Tells whether the page is at rest. */
export class Calm {
  constructor(element) {
    this._element = element;
    this._inputAt = -Infinity;
    this._arrangedAt = -Infinity;
    this._surprisedAt = -Infinity;
    this._noteInput = () => {
      this._inputAt = performance.now();
    };
  }

  connect() {
    for (const name of INPUTS) this._element.addEventListener(name, this._noteInput, { passive: true });
    window.addEventListener("scroll", this._noteInput, { passive: true });
  }

  disconnect() {
    for (const name of INPUTS) this._element.removeEventListener(name, this._noteInput);
    window.removeEventListener("scroll", this._noteInput);
  }

  /** Note that lines change their places now; it may be that nobody asked for it. */
  noteMove(wasAskedFor) {
    this._arrangedAt = performance.now();
    if (!wasAskedFor) this._surprisedAt = this._arrangedAt;
  }

  /** Tell whether lines may change their places. */
  get isAtRest() {
    const now = performance.now();
    const near = this._element.matches(":hover, :focus-within");
    const rest = now - this._inputAt > (near ? LONG_REST : REST);
    return document.hidden || (rest && now - this._arrangedAt > REST);
  }

  /** Tell whether a tap is meant for what stands there now. */
  get isSettled() {
    return performance.now() - this._surprisedAt > SETTLED;
  }
}
