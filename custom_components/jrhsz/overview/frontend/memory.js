// What this browser remembers of how its user likes to see the rooms.

const KEY = "jrhsz-overview";

export const recall = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || {};
  } catch (error) {
    // Somebody may have forbidden it: then nothing is remembered.
    return {};
  }
};

export const remember = (changes) => {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...recall(), ...changes }));
  } catch (error) {
    console.debug("jrhsz: nothing can be remembered", error);
  }
};
