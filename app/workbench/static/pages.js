// One of the shop's own pages at every width: redrawn whenever a save may have touched it.
import { read } from "./api.js";
import { find, findAs } from "./dom.js";
import { followToolbar, framesIn, redraw, showFaultOf, viewOptions, watch } from "./previews.js";

/** @import { Save } from "./live_reload.js" */
/** @import { Drawing } from "./previews.js" */

const toolbar = findAs(HTMLFormElement, "[data-looks]");
const stage = find("[data-whole]");
const { whole: name = "", state = "" } = stage.dataset;
const frames = framesIn(stage);

let turn = 0;
const draw = async () => {
  const current = ++turn;
  const options = viewOptions(toolbar);
  options.set("state", state);
  history.replaceState(null, "", `?${options}`);
  for (const link of document.querySelectorAll("[data-alone]"))
    link.setAttribute("href", `/design/frame/${name}?${options}`);
  for (const link of document.querySelectorAll(".tabs a")) {
    const other = new URLSearchParams(options);
    other.set("state", link.textContent);
    link.setAttribute("href", `?${other}`);
  }
  /** @type {Drawing} */
  const drawing = await read(`/design/drawing/${name}?${options}`);
  if (current !== turn) return;
  showFaultOf(drawing);
  await Promise.all(frames.map((frame) => redraw(frame, options, drawing)));
};

export const start = () => {
  frames.forEach(watch);
  followToolbar(toolbar, () => frames, draw);
};

export const onSave = async (/** @type {Save} */ save) => {
  if (save.everything || save.pages || save.prompts || save.components.length) await draw();
};
