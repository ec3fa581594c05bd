// How it looks: in the colours of Home Assistant's theme, dark enough or light enough to be read.

const COLOURS = `
  :host {
    display: block;
    --paper: var(--card-background-color);
    --text: var(--primary-text-color);
    --faint: var(--secondary-text-color);
    --line: var(--divider-color);
    --bad: var(--text);
    --warn: var(--text);
  }
  @supports (color: color-mix(in srgb, red, red)) {
    :host {
      --faint: color-mix(in srgb, var(--secondary-text-color) 80%, var(--primary-text-color));
      --bad: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
      --warn: color-mix(in srgb, var(--warning-color) 45%, var(--primary-text-color));
    }
  }
  .page { max-width: 1100px; margin: 0 auto; padding: 8px; color: var(--text);
    container-type: inline-size; }
  [hidden] { display: none !important; }
  button { border: 0; font: inherit; color: inherit; text-align: start; background: none;
    cursor: pointer; }
  :focus-visible { outline: 2px solid var(--text); outline-offset: -2px; }
`;

const TOOLBAR = `
  .notes:not(:empty), .job, .offer { margin: 0 0 8px; padding: 8px 12px; border-radius: 12px;
    border-inline-start: 4px solid var(--warning-color); background: var(--paper); }
  .notes p { margin: 4px 0; }
  .notes a { color: inherit; }
  .counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
  .number { display: flex; flex-direction: column; align-items: center; padding: 8px 2px;
    border-radius: 12px; background: var(--paper); text-align: center; }
  .number b { font-size: 20px; font-weight: 500; }
  .number span { font-size: 12px; color: var(--faint); }
  .number.arrears b { color: var(--bad); }
  .number.low b, .number.silent b { color: var(--warn); }
  .number:hover { background: var(--secondary-background-color); }
  .number:hover span { color: var(--text); }
  .number[aria-pressed=true] { box-shadow: inset 0 0 0 2px var(--text); }
  .number[aria-pressed=true] span { font-weight: 500; color: var(--text); }
  .bar { position: sticky; top: var(--header-height, 56px); z-index: 2; height: 56px;
    padding-top: 8px; background: var(--primary-background-color); box-sizing: border-box; }
  .fields { display: flex; gap: 8px; }
  .search, .sort { height: 40px; box-sizing: border-box; padding: 0 12px; font: inherit;
    border: 1px solid var(--faint); border-radius: 20px; color: inherit;
    background: var(--paper); }
  .search { flex: 1; min-width: 0; font-size: 16px; }
  .search::placeholder { color: var(--faint); opacity: 1; }
  .sort { max-width: 40%; }
  .status:not(:empty) { padding: 8px 12px; color: var(--faint); }
`;

const TABLE = `
  .table { display: block; }
  .table thead, .group { display: block; }
  .line { display: grid; grid-template-columns: minmax(64px, 1fr) 2fr 2fr; align-items: start; }
  .no-electricity .line, .no-water .line { grid-template-columns: minmax(64px, 1fr) 3fr; }
  .no-electricity .electricity, .no-water .water { display: none; }
  .table th, .table td { display: block; padding: 0; font-weight: inherit; text-align: start; }
  .table thead { position: sticky; top: calc(var(--header-height, 56px) + 56px); z-index: 2;
    background: var(--primary-background-color); }
  .columns { height: 32px; align-items: center; padding: 0 4px; font-size: 12px;
    color: var(--faint); }
  .table .columns th { display: flex; align-items: center; gap: 4px; padding: 0 8px; }
  .columns ha-icon { --mdc-icon-size: 16px; }
  .group { margin-bottom: 8px; border-radius: 12px; background: var(--paper); }
  .heading { display: block; position: sticky; top: calc(var(--header-height, 56px) + 88px);
    z-index: 1; border-radius: 12px; background: var(--paper); }
  .fold { display: flex; width: 100%; padding: 10px 12px; border-radius: 12px; font-weight: 500; }
  .fold::after { content: "▾"; padding-inline-start: 8px; }
  .fold[aria-expanded=false]::after { content: "▸"; }
  .attention .fold { color: var(--bad); }
  .title { flex: 1; }
  .count { color: var(--faint); font-weight: 400; }
  .group .line { padding: 4px; border-top: 1px solid var(--line);
    content-visibility: auto; contain-intrinsic-size: auto 56px; }
  .all .line:first-child { border-top: 0; }
  .table .room { padding: 6px 8px; overflow-wrap: anywhere; }
  .room .building { font-size: 12px; color: var(--faint); }
  .cell { min-width: 0; }
  .single .table thead, .single .heading { position: static; }
`;

const METER = `
  .meter { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 8px; width: 100%;
    padding: 4px 8px; border-radius: 8px; font-size: 12px; color: var(--faint); }
  .meter:hover, .meter:focus-visible { color: var(--text);
    background: var(--secondary-background-color); }
  .meter span { white-space: nowrap; }
  .meter::after { content: ""; order: 1; flex-basis: 100%; }
  .balance { font-size: 16px; color: var(--text); }
  .sign { font-weight: 500; }
  .reading, .age { order: 2; }
  .days, .use { display: none; }
  .arrears .balance, .arrears .sign { color: var(--bad); font-weight: 500; }
  .low .balance, .low .sign, .silent .age { color: var(--warn); font-weight: 500; }
  @container (min-width: 760px) {
    .line { grid-template-columns: minmax(64px, 0.7fr) 2fr 2fr; }
    .meter { display: grid; gap: 0 6px;
      grid-template-columns: minmax(86px, 1fr) minmax(70px, 0.8fr) minmax(118px, 1.2fr); }
    .meter::after { content: none; }
    .days, .use { display: block; }
    .balance { grid-area: 1 / 1; }
    .sign { grid-area: 1 / 2; }
    .days { grid-area: 1 / 3; }
    .reading { grid-area: 2 / 1; }
    .age { grid-area: 2 / 2; }
    .use { grid-area: 2 / 3; }
  }
`;

// An element of its own for each of a thousand icons would take longer than all the rest.
const CASH = `url("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><path d='M3 6h18v5h-2V9.8A2 2 0 0 1 17.200 8H6.800A2 2 0 0 1 5 9.800v4.400A2 2 0 0 1 6.800 16H14v2H3zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM17 13h2v3h3v2h-3v3h-2v-3h-3v-2h3z'/></svg>")`;

const CREDIT = `
  .cell .place { position: relative; }
  .credit { position: absolute; top: 0; inset-inline-end: 0; width: 40px; height: 32px;
    border-radius: 8px; text-align: center; color: var(--faint); }
  .credit:hover { color: var(--text); background: var(--secondary-background-color); }
  @container (max-width: 759px) {
    .place:has(.credit) .sign:not(:empty) { margin-inline-end: 28px; }
  }
  .credit::before { content: ""; display: inline-block; width: 20px; height: 20px;
    background: currentColor; vertical-align: middle; mask: ${CASH}; }
  .credit-dialog { box-sizing: border-box; width: min(440px, 100vw - 32px); padding: 16px 20px;
    border: 0; border-radius: 16px; color: var(--text); background: var(--paper); }
  .credit-dialog::backdrop { background: rgb(0 0 0 / 50%); }
  .credit-dialog h2 { margin: 0; font-size: 24px; font-weight: 500; overflow-wrap: anywhere; }
  .credit-dialog .small { color: var(--faint); }
  .credit-dialog p:not(.last)::first-letter { text-transform: uppercase; }
  .credit-dialog .large { margin: 12px 0; font-size: 24px; }
  .credit-dialog .form span { line-height: 40px; }
  .credit-dialog .form input { width: min(8em, 28vw); font-size: 20px; }
  .credit-status { min-height: 1.5em; margin: 8px 0; font-weight: 500; }
  .credit-dialog .actions { justify-content: end; margin: 0; }
  .action.main { color: var(--paper); background: var(--text); }
  .action.main:hover { color: var(--paper); background: var(--text); opacity: 0.85; }
  .action.main:disabled { color: var(--faint); background: none; }
  .credit-dialog.many { width: min(760px, 100vw - 32px); }
  .credit-dialog .paper { max-height: 50vh; overflow-y: auto; }
  @media (max-width: 500px) {
    .credit-dialog .before { display: none; }
    .credit-dialog .sheet th, .credit-dialog .sheet td { padding: 6px 4px; }
  }
  .job, .offer { display: flex; align-items: center; gap: 8px; }
  .job p, .offer p { flex: 1; }
  .selection { margin-top: 8px; }
  .tick { display: inline-flex; padding: 8px 12px 8px 4px; cursor: pointer; }
  .room .tick { float: inline-start; margin: -8px 0; padding: 8px 6px 8px 0; }
  .tick input { width: 20px; height: 20px; margin: 0; accent-color: var(--text); }
  .table .heading th { display: flex; align-items: center; padding-inline-start: 8px; }
  @container (min-width: 760px) {
    .cell .meter { padding-inline-end: 44px; }
  }
`;

const SHEETS = `
  .form, .actions { display: flex; flex-wrap: wrap; align-items: end; gap: 8px; margin-bottom: 8px; }
  .field { display: flex; flex-direction: column; gap: 2px; font-size: 12px; color: var(--faint); }
  .form input, .form select { height: 40px; box-sizing: border-box; padding: 0 12px; font: inherit;
    font-size: 14px; border: 1px solid var(--faint); border-radius: 12px; color: var(--text);
    color-scheme: light dark; background: var(--paper); }
  .form input[type=search] { flex: 1; min-width: 160px; }
  .form ::placeholder { color: var(--faint); opacity: 1; }
  .action { min-height: 40px; padding: 0 16px; border: 1px solid var(--faint); border-radius: 20px;
    font-weight: 500; background: var(--paper); }
  .action:hover { background: var(--secondary-background-color); }
  .action:disabled { color: var(--faint); cursor: default; }
  .paper { overflow-x: auto; border-radius: 12px; background: var(--paper); }
  .sheet { width: 100%; border-collapse: collapse; font-size: 14px; }
  .sheet th, .sheet td { padding: 6px 8px; border-bottom: 1px solid var(--line);
    font-weight: 400; text-align: start; vertical-align: top; overflow-wrap: break-word; }
  .sheet tbody th { min-width: 3.5em; }
  .bills .sheet { font-size: 13px; }
  .bills .sheet th, .bills .sheet td { padding: 6px 4px; }
  .sheet thead th { font-size: 12px; color: var(--faint); vertical-align: bottom;
    word-break: keep-all; }
  .sheet .figure { text-align: end; font-variant-numeric: tabular-nums; }
  .sheet td.figure { white-space: nowrap; }
  .sheet .place { padding-top: 14px; font-weight: 500; }
  .sheet .sums > * { font-weight: 500; }
  .sheet .small { font-size: 12px; color: var(--faint); }
  .sheet .code { font-size: 12px; }
  .outcome.rejected, .outcome.refused { color: var(--bad); font-weight: 500; }
  .outcome.unknown { color: var(--warn); font-weight: 500; }
  @container (max-width: 759px) {
    .sheet .wide { display: none; }
  }
`;

export const STYLE = COLOURS + TOOLBAR + TABLE + METER + CREDIT + SHEETS;
