// One component: its props as controls, drawn by the server at every width with every change.
import { read, write } from "./api.js";
import { fit, look, redraw, showHere, watch } from "./previews.js";

const form = document.querySelector("[data-looks]");
const controls = document.querySelector("[data-controls]");
const stage = document.querySelector("[data-component]");
const name = stage.dataset.component;
const frames = [...stage.querySelectorAll("iframe[data-frame]")];
let touched = new URLSearchParams(location.search).has("props");

const value = (control) => {
  const { kind } = control.dataset;
  if (kind === "list")
    return [...control.querySelectorAll(".items select, .items input")].map((item) => item.value);
  if (kind === "flag") return control.querySelector("input").checked;
  const field = control.querySelector("input, textarea, select");
  return kind === "number" ? Number(field.value) : field.value;
};

const config = () => {
  const props = {};
  for (const control of controls.querySelectorAll("[data-prop]"))
    props[control.dataset.prop] = value(control);
  return props;
};

const count = () => {
  for (const control of controls.querySelectorAll("[data-prop]")) {
    const shown = control.querySelector(".count");
    if (!shown) continue;
    const size = value(control).length,
      { least, most } = control.dataset;
    shown.textContent = Number(most) ? `${size} of ${most}` : String(size);
    shown.toggleAttribute(
      "data-over",
      (Number(most) && size > Number(most)) || size < Number(least),
    );
  }
  document.querySelector("[data-config]").textContent = JSON.stringify(
    { type: name, id: name, config: config() },
    null,
    2,
  );
};

const query = () => {
  const asked = look(form);
  if (touched) asked.set("props", JSON.stringify(config()));
  else {
    asked.delete("props");
    asked.set("state", stage.dataset.state);
  }
  return asked;
};

let turn = 0;
const draw = async () => {
  const mine = ++turn;
  const asked = query();
  history.replaceState(null, "", `?${asked}`);
  for (const link of document.querySelectorAll("[data-alone]"))
    link.href = `/design/frame/${name}?${asked}`;
  count();
  const drawing = await read(`/design/drawing/${name}?${asked}`);
  if (mine !== turn) return;
  const refusal = document.querySelector("[data-refusal]");
  refusal.hidden = !drawing.refusal;
  refusal.textContent = drawing.refusal ?? "";
  for (const place of document.querySelectorAll("[data-misfit]")) {
    const found = (drawing.details ?? []).filter(
      ([where]) => where.split(".")[0] === place.dataset.misfit,
    );
    place.textContent = found
      .map(([where, why]) => (where.includes(".") ? `${where}: ${why}` : why))
      .join("; ");
  }
  showHere(drawing);
  await Promise.all(frames.map((frame) => redraw(frame, asked, drawing)));
  stage.dataset.drawn = String(Number(stage.dataset.drawn ?? 0) + 1);
};

const anew = async () => {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = fresh.querySelector("[data-controls]");
  if (form) controls.replaceChildren(...document.adoptNode(form).childNodes);
};

const act = ({ target }) => {
  const button = target.closest("button");
  const item = button?.closest(".item");
  if (!button) return;
  if ("add" in button.dataset) {
    const control = button.closest("[data-prop]");
    control
      .querySelector(".items")
      .append(control.querySelector("template").content.cloneNode(true));
  } else if ("remove" in button.dataset) item.remove();
  else if ("up" in button.dataset) item.previousElementSibling?.before(item);
  else if ("down" in button.dataset) item.nextElementSibling?.after(item);
  button.focus();
  touched = true;
  draw();
};

const keep = async (event) => {
  event.preventDefault();
  const place = event.target,
    said = place.querySelector(".said");
  try {
    const done = await write("/design/samples", {
      component: name,
      name: place.elements.name.value,
      config: config(),
    });
    said.textContent = done.said;
    delete said.dataset.wrong;
  } catch (error) {
    said.textContent = error.message;
    said.dataset.wrong = "";
  }
};

export const begin = () => {
  frames.forEach(watch);
  count();
  form.addEventListener("change", ({ target }) =>
    target.name === "scale" ? frames.forEach(fit) : draw(),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", () => {
    touched = true;
    draw();
  });
  controls.addEventListener("click", act);
  controls.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("[data-save-sample]").addEventListener("submit", keep);
};

export const saved = async (what) => {
  const mine = what.everything || what.components.includes(name);
  if (what.told.includes(name) || what.everything) {
    const told = await read(`/design/told/${name}`);
    if (!told.error) {
      document.querySelector("[data-told]").textContent = told.told;
      document.querySelector("[data-tokens]").textContent = told.tokens;
    }
    if (!touched) await anew();
  } else if (mine && !touched) await anew();
  if (mine || what.styles.includes(name) || what.styles.includes("shop")) await draw();
};
