// Making and changing elements, and not too often.

export const make = (tag, className = "", text = "") => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
};

/** Make a part of a table; styled as a grid it would lose its role in some browsers. */
export const makePart = (tag, role, className = "") => {
  const element = make(tag, className);
  element.setAttribute("role", role);
  return element;
};

export const makeButton = (className, onClick) => {
  const button = make("button", className);
  button.type = "button";
  if (onClick) button.addEventListener("click", onClick);
  return button;
};

export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Put elements in this order, moving none that needn't move; others are removed. */
export const arrange = (parent, elements) => {
  const wanted = new Set(elements);
  for (const child of [...parent.children]) {
    if (!wanted.has(child)) child.remove();
  }
  let next = parent.firstChild;
  for (const element of elements) {
    if (element === next) next = next.nextSibling;
    else parent.insertBefore(element, next);
  }
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
