// One component: its props as controls, drawn by the server at every width with every change.
import { read, readPageAgain, write } from "./api.js";
import { fieldValue, find, findAs, saveOnSubmit } from "./dom.js";
import { followShown } from "./previews.js";

/** @import { Save } from "./live_reload.js" */
/** @import { Drawing } from "./previews.js" */

const controls = findAs(HTMLFormElement, "[data-controls]");
const { shown: name = "" } = find("[data-shown]").dataset;
let touched = new URLSearchParams(location.search).has("props");

const valueIn = (/** @type {HTMLElement} */ control) => {
  const { kind } = control.dataset;
  if (kind === "list") {
    const items = control.querySelectorAll(".items select, .items input");
    return [...items].map((item) => String(item.value));
  }
  if (kind === "flag") return findAs(HTMLInputElement, "input", control).checked;
  const { value } = find("input, textarea, select", control);
  return kind === "number" ? Number(value) : String(value);
};

const config = () => {
  const all = [...controls.querySelectorAll("[data-prop]")];
  return Object.fromEntries(all.map((control) => [control.dataset.prop, valueIn(control)]));
};

const count = () => {
  for (const control of controls.querySelectorAll("[data-prop]")) {
    const shown = control.querySelector(".count");
    const value = valueIn(control);
    if (!shown || typeof value === "number" || typeof value === "boolean") continue;
    const minimum = Number(control.dataset.minimum);
    const maximum = Number(control.dataset.maximum);
    shown.textContent = maximum ? `${value.length} of ${maximum}` : String(value.length);
    shown.toggleAttribute(
      "data-over",
      (maximum > 0 && value.length > maximum) || value.length < minimum,
    );
  }
  const proposal = { type: name, id: name, config: config() };
  find("[data-config]").textContent = JSON.stringify(proposal, null, 2);
};

const showMisfits = (/** @type {Drawing} */ { details = [] }) => {
  for (const place of document.querySelectorAll("[data-misfit]")) {
    const found = details.filter(([where]) => where.split(".")[0] === place.dataset.misfit);
    const texts = found.map(([where, why]) => (where.includes(".") ? `${where}: ${why}` : why));
    place.textContent = texts.join("; ");
  }
};

const onDrawing = (/** @type {Drawing} */ drawing) => {
  const refusal = find("[data-refusal]");
  refusal.hidden = !drawing.refusal;
  refusal.textContent = drawing.refusal ?? "";
  showMisfits(drawing);
};

const adapt = (/** @type {URLSearchParams} */ options) => {
  count();
  if (touched) options.set("props", JSON.stringify(config()));
};

let draw = async () => {};

const onInput = () => {
  touched = true;
  return draw();
};

const refreshControls = async () => {
  const form = (await readPageAgain())?.querySelector("[data-controls]");
  if (form) controls.replaceChildren(...document.adoptNode(form).childNodes);
};

const onControlClick = (/** @type {Event} */ { target }) => {
  const button = target instanceof Element ? target.closest("button") : null;
  if (!button) return;
  const control = button.closest("[data-prop]");
  const item = button.closest(".item");
  if (control && "add" in button.dataset) {
    const { content } = findAs(HTMLTemplateElement, "template", control);
    find(".items", control).append(content.cloneNode(true));
  } else if ("remove" in button.dataset) item?.remove();
  else if (item && "up" in button.dataset) item.previousElementSibling?.before(item);
  else if (item && "down" in button.dataset) item.nextElementSibling?.after(item);
  button.focus();
  return onInput();
};

export const start = () => {
  count();
  draw = followShown(adapt, onDrawing);
  controls.addEventListener("input", onInput);
  controls.addEventListener("click", onControlClick);
  controls.addEventListener("submit", (event) => event.preventDefault());
  const form = findAs(HTMLFormElement, "[data-save-sample]");
  saveOnSubmit(form, () =>
    write("/design/samples", { component: name, name: fieldValue(form, "name"), config: config() }),
  );
};

const refreshDescription = async () => {
  /** @type {{ description: string, tokens: number } | { error: string }} */
  const description = await read(`/design/descriptions/${name}`);
  if ("error" in description) return;
  find("[data-description]").textContent = description.description;
  find("[data-tokens]").textContent = String(description.tokens);
};

export const onSave = async (/** @type {Save} */ save) => {
  const described = save.everything || save.described.includes(name);
  const drawn = save.everything || save.components.includes(name);
  if (described) await refreshDescription();
  if ((described || drawn) && !touched) await refreshControls();
  if (drawn || save.styles.includes(name) || save.styles.includes("shop")) await draw();
};
