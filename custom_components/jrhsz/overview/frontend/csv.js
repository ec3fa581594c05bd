// Tables as files for Excel and WPS.

// Without it they take the file for one in the system's old encoding.
const BYTE_ORDER_MARK = "\ufeff";

// What begins like this is a formula to a program, also where its user types in Chinese.
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
// A long code loses digits as a number, and the room 3-12 would be the twelfth of March.
const MISREAD = /^(0\d+|\d{12,}|\d+([-/:.e]\d+)+)$/i;

/** Return a text so that no program takes it for a formula, a date or a number. */
const asText = (text) => {
  if (FORMULA.test(text)) return `'${text}`;
  return MISREAD.test(text) ? `\t${text}` : text;
};

const cell = (value) => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "number" ? String(value) : asText(String(value));
  return /[",\r\n\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Return rows of cells as a file's text; numbers stay numbers. */
export const csvText = (rows) =>
  BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** Let the browser save a file. */
export const saveCsv = (name, rows) => {
  const url = URL.createObjectURL(new Blob([csvText(rows)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replaceAll(/[\\/:*?"<>|\s]+/g, "-")}.csv`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};
