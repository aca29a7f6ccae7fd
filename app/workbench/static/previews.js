// Frames of true width, shown smaller, as tall as what is in them; redrawn in place, so that they keep their scroll.
import { read } from "./api.js";
import { fieldValue, find, findAs } from "./dom.js";
import { showFaults } from "./faults.js";

/** @import { Fault } from "./faults.js" */
/**
 * A component or a page as the server draws it.
 * @typedef {{
 *   html: string, styles: string, lang: string, dir: string, fault: Fault | null, whole?: boolean,
 *   refusal?: string, details?: [where: string, why: string][], error?: string,
 * }} Drawing
 */

export const framesIn = (/** @type {ParentNode} */ within) => {
  /** @type {NodeListOf<HTMLIFrameElement>} */
  const frames = within.querySelectorAll("iframe[data-frame]");
  return [...frames];
};

/** Returns the query that says how to look at it, without what goes without saying. */
export const viewOptions = (/** @type {HTMLFormElement} */ form) => {
  const query = new URLSearchParams(location.search);
  const usual = {
    theme: "light",
    language: "",
    dir: "auto",
    text: "100",
    motion: "full",
    catalog: "as-it-is",
    persona: "newcomer",
    shop: form.querySelector("[name=shop] option")?.value ?? "",
  };
  for (const [name, usualValue] of Object.entries(usual)) {
    const value = fieldValue(form, name);
    if (value === undefined) continue;
    if (value === usualValue) query.delete(name);
    else query.set(name, value);
  }
  return query;
};

/**
 * Shows a frame of true width in the box around it, smaller; returns how tall it is.
 * @param {HTMLIFrameElement} frame
 * @param {{ width: number, scale: number, least: number }} size
 */
export const fitBox = (frame, { width, scale, least }) => {
  const box = frame.closest("div") ?? frame;
  const height = Math.max(least, frame.contentDocument?.body?.scrollHeight ?? 0);
  frame.style.width = `${width}px`;
  frame.style.height = `${height}px`;
  frame.style.transform = `scale(${scale})`;
  box.style.width = `${Math.round(width * scale)}px`;
  box.style.height = `${Math.round(height * scale)}px`;
  return height;
};

export const fit = (/** @type {HTMLIFrameElement} */ frame) => {
  const scale = Number(document.querySelector("[name=scale]")?.value ?? 0.5);
  const least = frame.contentDocument?.body ? 40 : 300;
  const height = fitBox(frame, { width: Number(frame.dataset.width), scale, least });
  frame.closest(".state")?.querySelector("[data-height]")?.replaceChildren(`${height} high`);
};

/**
 * Redraws what a toolbar's form asks for; its scale only fits the frames anew.
 * @param {HTMLFormElement} form
 * @param {() => HTMLIFrameElement[]} frames
 * @param {() => Promise<void>} draw
 */
export const followToolbar = (form, frames, draw) => {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", async ({ target }) => {
    if (target instanceof HTMLSelectElement && target.name === "scale") frames().forEach(fit);
    else await draw();
  });
};

/** @param {HTMLElement} frame @param {Drawing} drawing */
const note = (frame, drawing) => {
  const state = frame.closest(".state");
  const text = drawing.refusal ? `would be refused: ${drawing.refusal}` : "";
  state?.querySelector("[data-note]")?.replaceChildren(text);
  state?.toggleAttribute("data-stale", Boolean(drawing.fault));
};

// What goes into a slot; of a whole page, what goes into its body.
/** @param {Document} page @param {Drawing} drawing */
const contentOf = (page, { html, whole }) => {
  const template = page.createElement("template");
  template.innerHTML = whole
    ? new DOMParser().parseFromString(html, "text/html").body.innerHTML
    : html;
  return template.content;
};

/** @type {WeakMap<HTMLIFrameElement, number>} */
const turns = new WeakMap();

/**
 * Draws a frame again without loading it: only the slot's content and the styles' address change.
 * An answer that comes after one to a later question is dropped.
 * @param {HTMLIFrameElement} frame
 * @param {URLSearchParams} options
 * @param {Drawing} [known]
 */
export const redraw = async (frame, options, known) => {
  const query = new URLSearchParams(options);
  const state = frame.closest("[data-state]")?.dataset.state;
  if (state && !query.get("props")) query.set("state", state);
  const turn = (turns.get(frame) ?? 0) + 1;
  turns.set(frame, turn);
  /** @type {Drawing} */
  const drawing = known ?? (await read(`/design/drawing/${frame.dataset.frame}?${query}`));
  if (turns.get(frame) !== turn) return;
  const page = frame.contentDocument;
  const place = drawing.whole ? page?.body : page?.querySelector(".slot");
  if (!page || !place || drawing.error) return;
  note(frame, drawing);
  if (drawing.fault) return;
  const root = page.documentElement;
  root.lang = drawing.lang;
  root.dir = drawing.dir;
  root.dataset.designTheme = query.get("theme") ?? "light";
  root.dataset.designText = query.get("text") ?? "100";
  root.dataset.designMotion = query.get("motion") ?? "full";
  root.dataset.persona = query.get("persona") ?? "newcomer";
  const rows = () => [...place.querySelectorAll("[tabindex]")];
  const scrolled = rows().map((row) => row.scrollLeft);
  const top = page.defaultView?.scrollY ?? 0;
  place.replaceChildren(contentOf(page, drawing));
  for (const [at, row] of rows().entries()) row.scrollLeft = scrolled[at] ?? 0;
  page.defaultView?.scrollTo(0, top);
  await restyle(page, drawing.styles);
  frame.dataset.drawn = String(Number(frame.dataset.drawn ?? 0) + 1);
  fit(frame);
};

/** @type {WeakMap<Document, Promise<void>>} */
const styling = new WeakMap();

// One at a time: of several under way, the last to come would stay.
/** @param {Document} page @param {string} styles */
const restyle = (page, styles) => {
  const done = (styling.get(page) ?? Promise.resolve()).then(() => replaceStyles(page, styles));
  styling.set(page, done);
  return done;
};

// Takes the new style sheet beside the old one and drops the old one when the new has come: no flash.
/** @param {Document} page @param {string} styles */
const replaceStyles = async (page, styles) => {
  const old = page.querySelector("link[data-styles]");
  if (!old || !styles || old.getAttribute("href") === styles) return;
  const next = page.importNode(old);
  next.setAttribute("href", styles);
  await new Promise((resolve) => {
    next.onload = next.onerror = resolve;
    old.after(next);
  });
  old.remove();
};

export const watch = (/** @type {HTMLIFrameElement} */ frame) => {
  const ready = () => {
    if (frame.contentDocument?.location.href === "about:blank") return;
    fit(frame);
    const body = frame.contentDocument?.body;
    if (body) new ResizeObserver(() => fit(frame)).observe(body);
    frame.dataset.loaded = "";
  };
  frame.addEventListener("load", ready);
  if (frame.contentDocument?.readyState === "complete") ready();
};

/**
 * Follows the one component or page that is shown; returns what draws it again in every frame.
 * @param {(options: URLSearchParams) => void} [adapt]
 * @param {(drawing: Drawing) => void} [onDrawing]
 */
export const followShown = (adapt, onDrawing) => {
  const toolbar = findAs(HTMLFormElement, "[data-looks]");
  const stage = find("[data-shown]");
  const { shown = "", state = "" } = stage.dataset;
  const frames = framesIn(stage);
  let turn = 0;
  const draw = async () => {
    const current = ++turn;
    const options = viewOptions(toolbar);
    options.delete("props");
    for (const link of document.querySelectorAll(".tabs a")) {
      options.set("state", link.textContent);
      link.setAttribute("href", `?${options}`);
    }
    options.set("state", state);
    adapt?.(options);
    history.replaceState(null, "", `?${options}`);
    for (const link of document.querySelectorAll("[data-alone]"))
      link.setAttribute("href", `/design/frame/${shown}?${options}`);
    /** @type {Drawing} */
    const drawing = await read(`/design/drawing/${shown}?${options}`);
    if (current !== turn) return;
    showFaults(find("[data-here]"), drawing.fault ? [drawing.fault] : []);
    onDrawing?.(drawing);
    await Promise.all(frames.map((frame) => redraw(frame, options, drawing)));
    stage.dataset.drawn = String(Number(stage.dataset.drawn ?? 0) + 1);
  };
  frames.forEach(watch);
  followToolbar(toolbar, () => frames, draw);
  return draw;
};
