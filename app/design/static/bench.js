// The workbench in the browser: listens for what is saved, shows what is wrong, starts the page's own part.
import { showFaults } from "./faults.js";

const pages = {
  gallery: () => import("./gallery.js"),
  component: () => import("./component.js"),
  play: () => import("./play.js"),
  compose: () => import("./compose.js"),
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

let lost = false;
const news = new EventSource("/design/news");
news.onmessage = async ({ data }) => {
  const what = JSON.parse(data);
  showFaults(panel, what.faults);
  document.body.dataset.version = what.version;
  await part?.saved?.(what);
  if (what.library) await names();
  document.body.dataset.seen = what.version;
  pulse.toggleAttribute("data-behind", what.faults.length > 0);
  pulse.textContent = what.faults.length ? "The last good version is drawn" : "Up to date with your files";
};
news.onopen = async () => {
  delete pulse.dataset.lost;
  document.body.dataset.listening = "";
  if (lost) await part?.saved?.({ everything: true, components: [], styles: [], told: [] });
  lost = false;
};
news.onerror = () => {
  lost = true;
  pulse.dataset.lost = "";
  pulse.textContent = "The shop is not answering; trying again";
};
document.body.dataset.begun = "";
