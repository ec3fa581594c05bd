// What the dashboard says, in the user's language.

import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";

export const textsOf = (hass) => {
  const language = (hass && hass.language) || document.documentElement.lang || "en";
  return language.startsWith("zh") ? ZH : EN;
};
