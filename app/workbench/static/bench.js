// The workbench in the browser: listens for what is saved, shows what is wrong, starts the page's own part.
import { read, readPageAgain } from "./api.js";
import { find } from "./dom.js";
import { showFaults } from "./faults.js";
import { listen } from "./live_reload.js";

/** @import { Fault } from "./faults.js" */
/** @import { Message, Save } from "./live_reload.js" */
/** @typedef {{ start: () => void, onSave?: (save: Save) => Promise<void> }} PageScript */

/** @type {Record<string, () => Promise<PageScript>>} */
const scripts = {
  gallery: () => import("./gallery.js"),
  pages: () => import("./gallery.js"),
  page: () => import("./pages.js"),
  component: () => import("./component.js"),
  play: () => import("./play.js"),
  prompt_lab: () => import("./prompt_lab.js"),
  checks: () => import("./checks.js"),
};
const { body } = document;
const pulse = find("[data-pulse]");
const panel = find("[data-faults]");

document
  .querySelector(".side [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
showFaults(panel, JSON.parse(find("[data-known-faults]").textContent));
const script = await scripts[body.dataset.page ?? ""]?.();
script?.start();

const refreshNames = async () => {
  const page = await readPageAgain();
  if (page) find("[data-names]").replaceWith(find("[data-names]", page));
};

const showState = (/** @type {Fault[]} */ faults) => {
  pulse.toggleAttribute("data-behind", faults.length > 0);
  pulse.textContent = faults.length
    ? "The last good version is drawn"
    : "Up to date with your files";
};

const onSave = async (/** @type {Save} */ save) => {
  showFaults(panel, save.faults);
  body.dataset.version = String(save.version);
  await script?.onSave?.(save);
  if (save.library || save.everything) await refreshNames();
  body.dataset.seen = String(save.version);
  showState(save.faults);
};

let lost = false;

// What was saved between the drawing of this page and now, or while the shop was away, reached nobody.
const onOpen = async () => {
  delete pulse.dataset.lost;
  /** @type {{ version: number, faults: Fault[] }} */
  const now = await read("/design/now");
  const unknown = {
    components: [],
    styles: [],
    described: [],
    pages: true,
    prompts: true,
    library: true,
  };
  if (String(now.version) !== body.dataset.version || lost)
    await onSave({ everything: true, ...unknown, ...now });
  else showFaults(panel, now.faults);
  showState(now.faults);
  lost = false;
  body.dataset.listening = "";
};

const onLost = () => {
  lost = true;
  pulse.dataset.lost = "";
  pulse.textContent = "The shop is not answering; trying again";
};

const onMessage = async (/** @type {Message} */ message) => {
  if (message.kind === "open") await onOpen();
  else if (message.kind === "saved") await onSave(message.what);
  else onLost();
};

let before = Promise.resolve();
listen((message) => {
  before = before.then(() => onMessage(message)).catch(onLost);
});
body.dataset.begun = "";
