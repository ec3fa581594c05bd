// What is printed instead of Home Assistant's page.

import { make } from "./dom.js";

const CLASS = "jrhsz-printout";
const STYLE = `
  @media screen { .${CLASS} { display: none; } }
  @page { size: A4 landscape; margin: 12mm; }
  @media print {
    html, body { height: auto !important; overflow: visible !important;
      background: white !important; }
    body > :not(.${CLASS}) { display: none !important; }
    .${CLASS} { font: 8pt/1.35 Roboto, "Noto Sans SC", "Microsoft YaHei", sans-serif;
      color: black; }
    .${CLASS} h1 { margin: 0 0 2mm; font-size: 13pt; }
    .${CLASS} p { margin: 0 0 3mm; }
    .${CLASS} table { width: 100%; border-collapse: collapse; }
    .${CLASS} th, .${CLASS} td { padding: 0.8mm 1.2mm; border-bottom: 0.2mm solid #999;
      font-weight: normal; text-align: start; vertical-align: top; }
    .${CLASS} thead th, .${CLASS} .sums > *, .${CLASS} .place { font-weight: bold; }
    .${CLASS} thead th { vertical-align: bottom; }
    .${CLASS} .figure { text-align: end; white-space: nowrap; }
    .${CLASS} thead .figure { white-space: normal; }
    .${CLASS} tr { break-inside: avoid; }
    .${CLASS} .place { padding-top: 3mm; break-after: avoid; }
  }
`;

/** Prints what a card makes for it, as long as the card is shown. */
export class Printout {
  constructor(fill) {
    this._fill = fill;
    this._place = make("div", CLASS);
    this._media = window.matchMedia("print");
    this._begin = () => {
      if (!this._place.childElementCount) this._place.append(...this._fill());
    };
    this._end = () => this._place.replaceChildren();
    this._follow = () => (this._media.matches ? this._begin() : this._end());
  }

  connect() {
    this._style = make("style", "", STYLE);
    document.head.append(this._style);
    document.body.append(this._place);
    window.addEventListener("beforeprint", this._begin);
    window.addEventListener("afterprint", this._end);
    this._media.addEventListener("change", this._follow);
  }

  disconnect() {
    this._style.remove();
    this._end();
    this._place.remove();
    window.removeEventListener("beforeprint", this._begin);
    window.removeEventListener("afterprint", this._end);
    this._media.removeEventListener("change", this._follow);
  }
}
