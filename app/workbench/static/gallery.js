// Every component, or every page, in every state: redraws what a save touches, and what another look asks for.
import { fit, look, redraw, watch } from "./previews.js";

const form = document.querySelector("[data-looks]");
const all = () => [...document.querySelectorAll("iframe[data-frame]")];
const home = () => document.querySelector("[data-gallery]").dataset.gallery;
const links = (query) => {
  for (const link of document.querySelectorAll(".state figcaption a")) {
    const asked = new URLSearchParams(query);
    asked.set("state", link.closest("[data-state]").dataset.state);
    link.href = `/design/${home()}/${link.closest("[data-kind]").dataset.kind}?${asked}`;
  }
};
const loaded = () => all().filter((frame) => "loaded" in frame.dataset);

export const begin = () => {
  all().forEach(watch);
  form.addEventListener("change", async ({ target }) => {
    if (target.name === "scale") return all().forEach(fit);
    const query = look(form);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    links(query);
    for (const frame of all()) {
      if ("loaded" in frame.dataset) await redraw(frame, query);
      else
        frame.src = `/design/frame/${frame.dataset.frame}?${new URLSearchParams({ ...Object.fromEntries(query), state: frame.closest("[data-state]").dataset.state })}`;
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
};

const anew = async () => {
  const answer = await fetch(location.href, { cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const key = (state) => state.closest("[data-kind]").dataset.kind + " " + state.dataset.state;
  const shape = (page) => [...page.querySelectorAll("[data-gallery] .state")].map(key).join();
  if (shape(fresh) === shape(document)) return;
  document
    .querySelector("[data-gallery]")
    .replaceWith(document.adoptNode(fresh.querySelector("[data-gallery]")));
  all().forEach(watch);
};

const mark = (faults = []) => {
  for (const kind of document.querySelectorAll("[data-kind]")) {
    kind.toggleAttribute(
      "data-broken",
      faults.some((fault) => fault.component === kind.dataset.kind),
    );
  }
};

export const saved = async (what) => {
  mark(what.faults);
  if (what.library || what.everything) await anew();
  const pages = home() === "pages" && (what.pages || what.prompts || what.components.length > 0);
  const wide = what.styles.includes("shop") || what.everything || pages;
  const touched = new Set([...what.components, ...what.styles]);
  const frames = loaded().filter((frame) => wide || touched.has(frame.dataset.frame));
  const query = look(form);
  await Promise.all(frames.map((frame) => redraw(frame, query)));
};
