// The workbench in the browser: listens for what is saved, shows what is wrong, starts the page's own part.
import { read } from "./api.js";
import { showFaults } from "./faults.js";
import { listen } from "./live_reload.js";

const pages = {
  gallery: () => import("./gallery.js"),
  pages: () => import("./gallery.js"),
  page: () => import("./pages.js"),
  component: () => import("./component.js"),
  play: () => import("./play.js"),
  prompt_lab: () => import("./prompt_lab.js"),
  checks: () => import("./checks.js"),
};
const page = document.body.dataset.page;
const pulse = document.querySelector("[data-pulse]");
const panel = document.querySelector("[data-faults]");

showFaults(panel, JSON.parse(document.querySelector("[data-known-faults]").textContent));
const part = await pages[page]?.();
part?.begin?.();

const names = async () => {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("[data-names]").replaceWith(fresh.querySelector("[data-names]"));
};

const everything = { everything: true, components: [], styles: [], told: [] };

const settle = (faults) => {
  pulse.toggleAttribute("data-behind", faults.length > 0);
  pulse.textContent = faults.length
    ? "The last good version is drawn"
    : "Up to date with your files";
};

const saved = async (what) => {
  showFaults(panel, what.faults);
  document.body.dataset.version = what.version;
  await part?.saved?.(what);
  if (what.library || what.everything) await names();
  document.body.dataset.seen = what.version;
  settle(what.faults);
};

// What was saved between the drawing of this page and now, or while the shop was away, was told to nobody.
const opened = async () => {
  delete pulse.dataset.lost;
  const now = await read("/design/now");
  if (String(now.version) !== document.body.dataset.version || lost)
    await saved({ ...everything, ...now });
  else showFaults(panel, now.faults);
  settle(now.faults);
  lost = false;
  document.body.dataset.listening = "";
};

const away = () => {
  lost = true;
  pulse.dataset.lost = "";
  pulse.textContent = "The shop is not answering; trying again";
};

let lost = false;
let before = Promise.resolve();
const act = { open: opened, lost: away, saved: ({ what }) => saved(what) };
listen((heard) => (before = before.then(() => act[heard.kind](heard)).catch(away)));
document.body.dataset.begun = "";
