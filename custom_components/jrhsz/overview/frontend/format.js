// Numbers, amounts and times, as the user's language writes them.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map();

/** Return a formatter; making one takes longer than using it a hundred times. */
const formatOf = (Format, language, options) => {
  const key = `${Format.name} ${language} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Format(language, options));
  return formats.get(key);
};

const numberFormat = (language, options = {}) => formatOf(Intl.NumberFormat, language, options);

export const countText = (count, language) => numberFormat(language).format(count);

/** Return a number with two decimals; nothing if it is unknown. */
export const numberText = (number, language, digits = 2) =>
  number === null || number === undefined
    ? ""
    : numberFormat(language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(number);

/** Return an amount in yuan, as the integration writes it everywhere: ¥50.00. */
export const moneyText = (amount, language) =>
  amount === null || amount === undefined
    ? ""
    : numberFormat(language, {
        style: "currency",
        currency: "CNY",
        currencyDisplay: "narrowSymbol",
      }).format(amount);

// The platform's days and times, which bills and limits go by, wherever Home Assistant runs.
const CHINA = "Asia/Shanghai";

/** Return a time in China. */
export const timeText = (time, language, timeStyle = "short") =>
  time
    ? formatOf(Intl.DateTimeFormat, language, {
        dateStyle: "short",
        timeStyle,
        timeZone: CHINA,
      }).format(new Date(time))
    : "";

/** Return a time in China as Excel and WPS read it, whatever the language. */
export const stampText = (time) => timeText(time, "sv-SE", "medium");

/** Tell whether clocks show another time than in China where the page is looked at. */
export const isElsewhere = () => new Date().getTimezoneOffset() !== -8 * 60;

/** Return a number of minutes, hours or days. */
export const inUnits = (count, unit, language) =>
  numberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: unit === "day" ? "long" : "short",
    maximumFractionDigits: 0,
  }).format(count);

/** Return how long ago something was. */
export const ageText = (age, language, now) => {
  if (age < MINUTE) return now;
  if (age < HOUR) return inUnits(Math.floor(age / MINUTE), "minute", language);
  if (age < 2 * DAY) return inUnits(Math.floor(age / HOUR), "hour", language);
  return inUnits(Math.floor(age / DAY), "day", language);
};
