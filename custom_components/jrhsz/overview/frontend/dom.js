// Making and changing elements, and not too often.

export const make = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Return what calls a function at once, or as soon as its last call is long enough ago. */
export const throttled = (run, pause) => {
  let timer = null;
  let ranAt = -Infinity;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(
      () => {
        timer = null;
        ranAt = performance.now();
        run();
      },
      Math.max(0, ranAt + pause - performance.now()),
    );
  };
};
