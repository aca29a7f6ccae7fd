// The checks: everything about every state, for people here and for `make check-components`.
import { read, write } from "./api.js";
import { compare } from "./compare.js";
import { find, findAs, make, makeFigure, messageOf } from "./dom.js";
import { examine, selectors } from "./page_checks.js";

/** @import { Finding, State } from "./page_checks.js" */

const progress = find("[data-progress]");
const withAxe = find("[data-axe]").dataset.axe === "yes";
/** @type {Map<string, string>} */
let homes = new Map();
/** @type {Finding[]} */
let findings = [];
let turn = 0;

// A browser keeps pictures of one address for as long as the page lives: each turn has addresses of its own.
/** @param {"accepted" | "taken"} which @param {string} name */
const addressOf = (which, name) => `/design/pictures/${which}/${name}?turn=${turn}`;

const rowOf = (/** @type {Finding} */ { component, state, theme, kind, level, text }) => {
  const query = `state=${state}${theme === "dark" ? "&theme=dark" : ""}`;
  const href = `/design/${homes.get(component) ?? "components"}/${component}?${query}`;
  return make(
    "tr",
    { "data-kind": kind, "data-component": component },
    make("td", {}, make("a", { href, text: component })),
    make("td", { text: state || "all" }),
    make("td", { text: theme || "both" }),
    make("td", { class: level === "wrong" ? "bad" : "quiet", text: kind }),
    make("td", { text }),
  );
};

const add = (/** @type {Finding[]} */ found) => {
  findings.push(...found);
  find("[data-findings]").append(...found.map(rowOf));
};

/** @param {string} name @param {boolean} accepted */
const comparePicture = async (name, accepted) => {
  const [component, state, width, theme] = name.split(".");
  const canvas = make("canvas");
  const verdict = accepted
    ? await compare(addressOf("accepted", name), addressOf("taken", name), canvas)
    : { same: false, why: "not accepted yet" };
  if (verdict.same) return;
  const text = `${width} px: ${verdict.why}`;
  const level = accepted ? "wrong" : "note";
  add([{ component, state, theme, kind: "picture", level, text }]);
  find("[data-pictures]").append(figureOf(name, verdict.why, accepted ? canvas : null));
};

/** @param {string} name @param {string} why @param {HTMLCanvasElement | null} difference */
const figureOf = (name, why, difference) => {
  const accept = make("button", { type: "button", class: "small", text: "Accept" });
  const title = make("strong", { text: name.replace(/\.png$/, "") });
  const row = make("div", { class: "picture-row" });
  const caption = make("figcaption", {}, title, ` ${why} `, accept);
  const figure = make("figure", { class: "picture", "data-picture": name }, caption, row);
  const add = (/** @type {string} */ label, /** @type {HTMLElement} */ element) =>
    row.append(make("div", {}, make("span", { class: "quiet", text: label }), element));
  const image = (/** @type {"accepted" | "taken"} */ which, /** @type {string} */ label) =>
    make("img", { src: addressOf(which, name), alt: `${label}: ${name}`, loading: "lazy" });
  if (difference) add("accepted", image("accepted", "Accepted"));
  add("now", image("taken", "Now"));
  if (difference?.width) add("what differs", difference);
  accept.onclick = async () => {
    await write("/design/pictures/accept", { names: [name] });
    figure.remove();
  };
  return figure;
};

const comparePictures = async (/** @type {string} */ component) => {
  turn = Date.now();
  find("[data-pictures]").replaceChildren();
  /** @type {{ taken: string[], accepted: string[] }} */
  const { taken, accepted } = await read("/design/pictures");
  const names = taken.filter((name) => !component || name.startsWith(`${component}.`));
  for (const name of names) await comparePicture(name, accepted.includes(name));
  const unaccepted = names.filter((name) => !accepted.includes(name));
  const acceptAll = find("[data-accept-all]");
  acceptAll.hidden = !unaccepted.length;
  acceptAll.onclick = async () => {
    for (let at = 0; at < unaccepted.length; at += 200)
      await write("/design/pictures/accept", { names: unaccepted.slice(at, at + 200) });
    acceptAll.hidden = true;
    for (const name of unaccepted) document.querySelector(`[data-picture="${name}"]`)?.remove();
  };
};

const showFigures = (/** @type {number} */ states) => {
  const count = (/** @type {string} */ level) =>
    findings.filter((item) => item.level === level).length;
  find("[data-figures]").replaceChildren(
    makeFigure("States", states),
    makeFigure("Wrong", count("wrong"), count("wrong") > 0),
    makeFigure("Notes", count("note")),
  );
};

export const check = async (chosen = "") => {
  findings = [];
  find("[data-findings]").replaceChildren();
  delete document.body.dataset.checked;
  /** @type {State[]} */
  const every = await read("/design/states");
  homes = new Map(every.map((state) => [state.component, state.of]));
  const states = every.filter(({ component }) => !chosen || component === chosen);
  const frame = make("iframe", { title: "A state being checked", tabindex: "-1" });
  const stage = find("[data-stage]");
  stage.replaceChildren(frame);
  for (const component of new Set(states.map((state) => state.component))) {
    add(await read(`/design/markup/${component}`));
    const css = await (await fetch(`/design/styles/${component}`, { cache: "no-store" })).text();
    const unused = new Set(selectors(css));
    for (const state of states.filter((state) => state.component === component)) {
      progress.textContent = `Looking at ${component}, ${state.state}`;
      add(await examine(frame, state, unused, withAxe));
    }
    const wasted = { component, state: "", theme: "", kind: "unused style", level: "note" };
    add([...unused].map((text) => ({ ...wasted, text })));
  }
  stage.replaceChildren();
  await comparePictures(chosen);
  showFigures(states.length);
  progress.textContent = `Checked ${states.length} states${withAxe ? "" : ", without axe"}.`;
  document.body.dataset.checked = String(states.length);
  return { states: states.length, axe: withAxe, findings };
};

export const start = () => {
  const choice = findAs(HTMLSelectElement, "[data-which]");
  find("[data-check]").onclick = () => check(choice.value);
  find("[data-take]").onclick = async () => {
    progress.textContent = "Taking pictures…";
    try {
      /** @type {{ message: string }} */
      const { message } = await write("/design/pictures", { component: choice.value });
      progress.textContent = message;
      await comparePictures(choice.value);
      document.body.dataset.taken = message;
    } catch (error) {
      progress.textContent = messageOf(error);
    }
  };
};
