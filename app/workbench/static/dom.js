// Finds, makes and reads elements; a missing one is an error where it is looked for.

/**
 * @template {HTMLElement} T
 * @param {new () => T} type
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {T}
 */
export const findAs = (type, selector, within = document) => {
  const element = within.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`there is no ${type.name} at ${selector}`);
  return element;
};

/** @param {string} selector @param {ParentNode} [within] */
export const find = (selector, within) => findAs(HTMLElement, selector, within);

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {(Node | string)[]} children
 */
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = String(value);
    else if (value !== false && value != null)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
};

/** @param {string} name @param {string | number} value @param {boolean} [bad] */
export const makeFigure = (name, value, bad = false) =>
  make(
    "div",
    {},
    make("dt", { text: name }),
    make("dd", { class: bad && "bad", text: value, "data-figure": name }),
  );

/**
 * Returns what a form's field holds, undefined where there is no such field.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export const fieldValue = (form, name) => {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : undefined;
};

/** @param {HTMLElement} status @param {string} text @param {boolean} [wrong] */
export const report = (status, text, wrong = false) => {
  status.textContent = text;
  status.toggleAttribute("data-wrong", wrong);
};

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Saves when a form is sent, and reports beside its button what came of it.
 * @param {HTMLFormElement} form
 * @param {() => Promise<{ message: string }>} save
 */
export const saveOnSubmit = (form, save) =>
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = find(".status", form);
    try {
      report(status, (await save()).message);
    } catch (error) {
      report(status, messageOf(error), true);
    }
  });
