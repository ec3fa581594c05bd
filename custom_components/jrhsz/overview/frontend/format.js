// Numbers and times, as the user's language writes them.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const formats = new Map();

/** Return a length of time in the largest unit that suits it. */
const inUnits = (language, unit, count) => {
  const key = `${language} ${unit}`;
  if (!formats.has(key)) {
    const options = { style: "unit", unit, unitDisplay: "short" };
    formats.set(key, new Intl.NumberFormat(language, options));
  }
  return formats.get(key).format(count);
};

/** Return how long ago something was. */
export const ageText = (age, t, language) => {
  if (age < MINUTE) return t.now;
  if (age < HOUR) return inUnits(language, "minute", Math.floor(age / MINUTE));
  if (age < 2 * DAY) return inUnits(language, "hour", Math.floor(age / HOUR));
  return inUnits(language, "day", Math.floor(age / DAY));
};
