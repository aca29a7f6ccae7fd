// One of the shop's own pages at every width: redrawn whenever a save may have touched it.
import { followShown } from "./previews.js";

/** @import { Save } from "./live_reload.js" */

let draw = async () => {};

export const start = () => {
  draw = followShown();
};

export const onSave = async (/** @type {Save} */ save) => {
  if (save.everything || save.pages || save.prompts || save.components.length) await draw();
};
