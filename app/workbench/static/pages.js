// One of the shop's own pages at every width: redrawn whenever a save may have touched it.
import { read } from "./api.js";
import { fit, look, redraw, showHere, watch } from "./previews.js";

const form = document.querySelector("[data-looks]");
const stage = document.querySelector("[data-whole]");
const frames = [...stage.querySelectorAll("iframe[data-frame]")];

let turn = 0;
const draw = async () => {
  const mine = ++turn;
  const asked = look(form);
  asked.set("state", stage.dataset.state);
  history.replaceState(null, "", `?${asked}`);
  for (const link of document.querySelectorAll("[data-alone]"))
    link.href = `/design/frame/${stage.dataset.whole}?${asked}`;
  for (const link of document.querySelectorAll(".tabs a")) {
    const other = new URLSearchParams(asked);
    other.set("state", link.textContent);
    link.href = `?${other}`;
  }
  const drawing = await read(`/design/drawing/${stage.dataset.whole}?${asked}`);
  if (mine !== turn) return;
  showHere(drawing);
  await Promise.all(frames.map((frame) => redraw(frame, asked, drawing)));
};

export const begin = () => {
  frames.forEach(watch);
  form.addEventListener("change", ({ target }) =>
    target.name === "scale" ? frames.forEach(fit) : draw(),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
};

export const saved = async (what) => {
  if (what.everything || what.pages || what.prompts || what.components.length) await draw();
};
