// Every component, or every page, in every state: redraws what a save touches, and what a toolbar asks for.
import { readPageAgain } from "./api.js";
import { find, findAs } from "./dom.js";
import { followToolbar, framesIn, redraw, viewOptions, watch } from "./previews.js";

/** @import { Fault } from "./faults.js" */
/** @import { Save } from "./live_reload.js" */

const toolbar = findAs(HTMLFormElement, "[data-looks]");
const frames = () => framesIn(document);
const kindOf = (/** @type {HTMLElement} */ element) =>
  element.closest("[data-kind]")?.dataset.kind ?? "";
const stateOf = (/** @type {HTMLElement} */ element) =>
  element.closest("[data-state]")?.dataset.state ?? "";
const stateName = (/** @type {HTMLElement} */ element) => `${kindOf(element)} ${stateOf(element)}`;
const home = () => find("[data-gallery]").dataset.gallery;

/** @param {URLSearchParams} options @param {HTMLElement} element */
const queryFor = (options, element) => {
  const query = new URLSearchParams(options);
  query.set("state", stateOf(element));
  return query;
};

let turn = 0;
const draw = async () => {
  const current = ++turn;
  const options = viewOptions(toolbar);
  history.replaceState(null, "", options.size ? `?${options}` : location.pathname);
  for (const link of document.querySelectorAll(".state figcaption a"))
    link.setAttribute("href", `/design/${home()}/${kindOf(link)}?${queryFor(options, link)}`);
  for (const frame of frames()) {
    if (current !== turn) return;
    if ("loaded" in frame.dataset) await redraw(frame, options);
    else frame.src = `/design/frame/${frame.dataset.frame}?${queryFor(options, frame)}`;
  }
};

export const start = () => {
  frames().forEach(watch);
  followToolbar(toolbar, frames, draw);
};

const refreshStates = async () => {
  const page = await readPageAgain();
  const shape = (/** @type {Document} */ from) =>
    [...from.querySelectorAll("[data-gallery] .state")].map(stateName).join();
  if (!page || shape(page) === shape(document)) return;
  find("[data-gallery]").replaceWith(document.adoptNode(find("[data-gallery]", page)));
  frames().forEach(watch);
};

const markBroken = (/** @type {Fault[]} */ faults) => {
  for (const kind of document.querySelectorAll("[data-kind]")) {
    const broken = faults.some((fault) => fault.component === kind.dataset.kind);
    kind.toggleAttribute("data-broken", broken);
  }
};

export const onSave = async (/** @type {Save} */ save) => {
  markBroken(save.faults);
  if (save.library || save.everything) await refreshStates();
  const pages = home() === "pages" && (save.pages || save.prompts || save.components.length > 0);
  const all = save.everything || save.styles.includes("shop") || pages;
  const touched = new Set([...save.components, ...save.styles]);
  const options = viewOptions(toolbar);
  const outdated = frames().filter(
    ({ dataset }) => "loaded" in dataset && (all || touched.has(dataset.frame ?? "")),
  );
  await Promise.all(outdated.map((frame) => redraw(frame, options)));
};
