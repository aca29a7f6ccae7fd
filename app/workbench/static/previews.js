// Frames of true width, shown smaller, as tall as what is in them; redrawn in place, so that they keep their scroll.
import { read } from "./api.js";
import { showFaults } from "./faults.js";

const fitted = new WeakMap();

export const look = (form) => {
  const query = new URLSearchParams(new URL(location.href).search);
  const usual = {
    theme: "light",
    dir: "ltr",
    text: "100",
    motion: "full",
    catalog: "as-it-is",
    persona: "newcomer",
    shop: form.querySelector("[name=shop]")?.options[0].value ?? "",
  };
  for (const name of Object.keys(usual)) {
    const value = form.elements[name]?.value;
    if (value === undefined) continue;
    if (value === usual[name]) query.delete(name);
    else query.set(name, value);
  }
  return query;
};

export const fit = (frame) => {
  const scale = Number(document.querySelector("[name=scale]")?.value ?? 0.5);
  const width = Number(frame.dataset.width);
  const body = frame.contentDocument?.body;
  const height = Math.max(40, body?.scrollHeight ?? 300);
  frame.style.width = `${width}px`;
  frame.style.height = `${height}px`;
  frame.style.transform = `scale(${scale})`;
  const room = frame.parentElement;
  if (!fitted.has(frame)) {
    const box = document.createElement("div");
    room.append(box);
    fitted.set(frame, box);
    frame.style.position = "absolute";
  }
  const box = fitted.get(frame);
  box.style.width = `${Math.round(width * scale)}px`;
  box.style.height = `${Math.round(height * scale)}px`;
  frame.closest(".state")?.querySelector("[data-height]")?.replaceChildren(`${height} high`);
};

const note = (frame, drawing) => {
  const state = frame.closest(".state");
  const said = state?.querySelector("[data-note]");
  if (said) said.textContent = drawing.refusal ? `would be refused: ${drawing.refusal}` : "";
  state?.toggleAttribute("data-stale", Boolean(drawing.fault));
};

export const address = (frame, query) => {
  const state = frame.closest("[data-state]")?.dataset.state;
  const asked = new URLSearchParams(query);
  if (state && !asked.get("props")) asked.set("state", state);
  return asked.size ? `?${asked}` : "";
};

// What goes into a slot; of a whole page, what goes into its body.
const content = (inside, { html, whole }) => {
  const template = inside.createElement("template");
  template.innerHTML = whole
    ? new DOMParser().parseFromString(html, "text/html").body.innerHTML
    : html;
  return template.content;
};

// Draws a frame again without loading it: only the slot's content and the styles' address change.
export const redraw = async (frame, query, known) => {
  const asked = address(frame, query);
  const drawing = known ?? (await read(`/design/drawing/${frame.dataset.frame}${asked}`));
  const inside = frame.contentDocument;
  const place = drawing.whole ? inside?.body : inside?.querySelector(".slot");
  if (!place || drawing.error) return drawing;
  note(frame, drawing);
  if (!drawing.fault) {
    const root = inside.documentElement;
    const looks = new URLSearchParams(asked);
    root.dir = looks.get("dir") ?? "ltr";
    root.dataset.designTheme = looks.get("theme") ?? "light";
    root.dataset.designText = looks.get("text") ?? "100";
    root.dataset.designMotion = looks.get("motion") ?? "full";
    root.dataset.persona = looks.get("persona") ?? "newcomer";
    const held = [...place.querySelectorAll("[tabindex]")].map((row) => row.scrollLeft);
    const top = frame.contentWindow.scrollY;
    place.replaceChildren(content(inside, drawing));
    for (const [at, row] of place.querySelectorAll("[tabindex]").entries())
      row.scrollLeft = held[at] ?? 0;
    frame.contentWindow.scrollTo(0, top);
    await restyle(frame, drawing.styles);
    frame.dataset.drawn = String(Number(frame.dataset.drawn ?? 0) + 1);
    fit(frame);
  }
  return drawing;
};

// Takes the new style sheet beside the old one and drops the old one when the new has come: no flash.
export const restyle = (frame, styles) => {
  const inside = frame.contentDocument;
  const old = inside.querySelector("link[data-styles]");
  if (!styles || old.getAttribute("href") === styles) return;
  const fresh = old.cloneNode();
  fresh.href = styles;
  return new Promise((done) => {
    fresh.onload = fresh.onerror = () => {
      old.remove();
      fit(frame);
      done();
    };
    old.after(fresh);
  });
};

export const watch = (frame) => {
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

export const showHere = (drawing) => {
  const panel = document.querySelector("[data-here]");
  if (panel) showFaults(panel, drawing.fault ? [drawing.fault] : []);
};
