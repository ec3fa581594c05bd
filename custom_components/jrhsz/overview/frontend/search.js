// Finding rooms by what somebody types.

const CODE_LENGTH = 4;

/** Return a text as texts are compared: full-width digits are digits, capitals don't count. */
export const plain = (text) => text.normalize("NFKC").toLowerCase();

export const wordsOf = (text) => plain(text).split(/\s+/).filter(Boolean);

/** Tell whether a word is in a name; a number begins where its digits do: 1栋 is not 11栋. */
const isIn = (name, word) => {
  const begins = /^\d/.test(word);
  for (let i = name.indexOf(word); i >= 0; i = name.indexOf(word, i + 1)) {
    if (!begins || i === 0 || !/\d/.test(name[i - 1])) return true;
  }
  return false;
};

/** Tell whether something has all the words: in its names, or long enough ones in its codes. */
export const matches = (words, names, codes) =>
  words.every(
    (word) =>
      isIn(names, word) ||
      (word.length >= CODE_LENGTH && codes.some((code) => code.includes(word))),
  );
