// Numbers and times, as the user's language writes them.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const formats = new Map();

/** Return a formatter; making one takes longer than using it a hundred times. */
const numberFormat = (language, options = {}) => {
  const key = `${language} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key);
};

export const countText = (count, language) => numberFormat(language).format(count);

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
