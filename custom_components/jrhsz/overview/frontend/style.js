// How the rooms look.

export const STYLE = `
  :host { display: block; --room: minmax(64px, 1fr); }
  .page { max-width: 900px; margin: 0 auto; padding: 8px; color: var(--primary-text-color); }
  .counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
  .number { display: flex; flex-direction: column; align-items: center; padding: 8px 2px;
    border-radius: 12px; background: var(--card-background-color); text-align: center; }
  .number b { font-size: 20px; font-weight: 500; }
  .number span { font-size: 12px; color: var(--secondary-text-color); }
  .number.arrears b { color: var(--error-color); }
  .number.low b, .number.silent b { color: var(--warning-color); }
  .bar { position: sticky; top: var(--header-height, 56px); z-index: 2; height: 84px;
    padding-top: 8px; background: var(--primary-background-color); box-sizing: border-box; }
  .search { display: block; width: 100%; height: 40px; box-sizing: border-box; padding: 0 12px;
    border: 1px solid var(--divider-color); border-radius: 20px; font: inherit; font-size: 16px;
    color: inherit; background: var(--card-background-color); }
  .line { display: grid; grid-template-columns: var(--room) 2fr 2fr; align-items: start; }
  .columns { height: 36px; align-items: center; font-size: 12px; padding: 0 4px;
    color: var(--secondary-text-color); }
  .columns .cell { display: flex; align-items: center; gap: 4px; padding-inline-start: 8px; }
  .columns ha-icon { --mdc-icon-size: 16px; }
  .note:not(:empty) { padding: 24px 8px; text-align: center;
    color: var(--secondary-text-color); }
  details { margin-bottom: 8px; border-radius: 12px; background: var(--card-background-color); }
  details[hidden], .line[hidden] { display: none; }
  summary { position: sticky; top: calc(var(--header-height, 56px) + 84px); z-index: 1;
    display: flex; justify-content: space-between; padding: 10px 12px; font-weight: 500;
    cursor: pointer; border-radius: 12px; background: var(--card-background-color); }
  .attention summary { color: var(--error-color); }
  summary::after { content: "▾"; padding-inline-start: 8px; }
  details:not([open]) summary::after { content: "▸"; }
  .title { flex: 1; }
  .count { color: var(--secondary-text-color); font-weight: 400; }
  .lines .line { padding: 4px; border-top: 1px solid var(--divider-color);
    content-visibility: auto; contain-intrinsic-size: auto 52px; }
  .room { padding: 6px 8px; overflow-wrap: anywhere; }
  .building { font-size: 12px; color: var(--secondary-text-color); }
  .cell { min-width: 0; }
  .meter { display: flex; flex-wrap: wrap; column-gap: 6px; width: 100%; padding: 4px 8px;
    border: 0; border-radius: 8px; font: inherit; font-size: 12px; text-align: start;
    color: var(--secondary-text-color); background: none; cursor: pointer; }
  .meter:hover, .meter:focus-visible { background: var(--secondary-background-color); }
  .balance { flex-basis: 100%; font-size: 16px; color: var(--primary-text-color); }
  .arrears .balance { color: var(--error-color); font-weight: 500; }
  .low:not(.arrears) .balance, .silent .age { font-weight: 500; color: var(--warning-color);
    color: color-mix(in srgb, var(--warning-color) 75%, var(--primary-text-color)); }
`;
