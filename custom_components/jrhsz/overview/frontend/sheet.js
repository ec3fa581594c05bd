// Plain tables.

import { make } from "./dom.js";

/**
 * Make a table.
 *
 * `columns` have a title, a class, and a function that gives the cell of a row: a text, or elements.
 * `groups` are rows under a title, which may be empty, with a last row of sums, which may be null.
 */
export const makeSheet = (label, columns, groups) => {
  const table = make("table", "sheet");
  table.setAttribute("aria-label", label);
  const head = make("thead");
  const titles = make("tr");
  for (const { title, className = "" } of columns) {
    const cell = make("th", className, title);
    cell.scope = "col";
    titles.append(cell);
  }
  head.append(titles);
  table.append(head);
  for (const { title = "", rows, sums = null } of groups) {
    const body = make("tbody");
    if (title) {
      const heading = make("tr");
      const cell = make("th", "place", title);
      cell.scope = "rowgroup";
      cell.colSpan = columns.length;
      heading.append(cell);
      body.append(heading);
    }
    body.append(...rows.map((row) => makeRow(columns, row, "cell")));
    if (sums) {
      const row = makeRow(columns, sums, "sum");
      row.className = "sums";
      body.append(row);
    }
    table.append(body);
  }
  return table;
};

const makeRow = (columns, row, part) => {
  const element = make("tr");
  columns.forEach((column, i) => {
    const cell = make(i ? "td" : "th", column.className);
    if (!i) cell.scope = "row";
    const content = column[part] ? column[part](row) : "";
    cell.append(...[content].flat());
    element.append(cell);
  });
  return element;
};
