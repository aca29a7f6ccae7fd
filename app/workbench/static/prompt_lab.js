// The prompt lab: two runs side by side, each with its brief, its course, its page and its cost.
import { read, write } from "./api.js";
import { fieldValue, find, findAs, make, makeFigure, messageOf, saveOnSubmit } from "./dom.js";
import { fitBox } from "./previews.js";
import { follow } from "./run_log.js";

/** @import { Save } from "./live_reload.js" */
/** @import { Summary } from "./run_log.js" */

const PAGE_WIDTH = 1024;

const order = (/** @type {HTMLFormElement} */ form) => {
  const category = fieldValue(form, "category");
  return {
    source: fieldValue(form, "source"),
    persona: fieldValue(form, "persona"),
    sensitivity: fieldValue(form, "sensitivity"),
    categories: category ? [category] : [],
    shop: fieldValue(form, "shop") ?? "",
  };
};

const fit = (/** @type {HTMLIFrameElement} */ frame) => {
  const room = frame.closest("[data-side]")?.clientWidth ?? PAGE_WIDTH;
  const scale = Math.min(1, (room - 2) / PAGE_WIDTH);
  fitBox(frame, { width: PAGE_WIDTH, scale, least: 600 });
};

/** @returns {[name: string, value: string | number][]} */
const figuresOf = (/** @type {Summary} */ item) => {
  const sum = (/** @type {string} */ kind) =>
    Object.entries(item.counts)
      .filter(([name]) => name.startsWith(kind))
      .reduce((all, [, count]) => all + count, 0);
  return [
    ["Status", item.status],
    ["Time", `${(item.ms / 1000).toFixed(2)} s`],
    ["Brief", `${item.brief_tokens} tokens`],
    ["Asked", `${item.tokens.prompt} tokens`],
    ["Written", `${item.tokens.completion} tokens`],
    ["Drawn", sum("drawn")],
    ["Refused", sum("refused")],
    ["Mended", sum("repaired")],
  ];
};

/** One of the two runs: its order, and what has come of it. */
class Side {
  /** @type {Record<string, object>} */
  #configs = {};
  #stop = () => {};
  #briefs = 0;
  #runs = 0;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.order = findAs(HTMLFormElement, "[data-order]", element);
    this.recording = findAs(HTMLFormElement, "[data-record]", element);
    this.sample = findAs(HTMLFormElement, "[data-sample]", element);
  }

  start() {
    this.order.addEventListener("change", () => this.showBrief());
    this.order.addEventListener("submit", (event) => {
      event.preventDefault();
      return this.run();
    });
    saveOnSubmit(this.recording, () => {
      const name = fieldValue(this.recording, "name");
      return write(`/design/runs/${this.element.dataset.run}/recording`, { name });
    });
    saveOnSubmit(this.sample, () => {
      const component = fieldValue(this.sample, "component") ?? "";
      const name = fieldValue(this.sample, "name");
      return write("/design/samples", { component, name, config: this.#configs[component] });
    });
    return this.showBrief();
  }

  async showBrief() {
    const current = ++this.#briefs;
    /** @type {Record<string, string | number>} */
    const brief = await write("/design/brief", order(this.order));
    if (current !== this.#briefs) return;
    for (const name of ["tokens", "of_instructions", "of_request", "instructions", "request"])
      find(`[data-${name.replace("_", "-")}]`, this.element).textContent = String(brief[name]);
  }

  async run() {
    const { element } = this;
    const current = ++this.#runs;
    this.#stop();
    delete element.dataset.ended;
    this.#showFigures([["Status", "composing"]]);
    try {
      /** @type {{ run: string }} */
      const { run } = await write("/design/runs", order(this.order));
      if (current !== this.#runs) return;
      element.dataset.run = run;
      const text = find("[data-text]", element);
      text.textContent = "";
      this.#stop = follow(run, find("[data-log]", element), {
        text: (item) => text.append(item.text),
        done: (item) => this.#finish(item, current),
      });
      const frame = findAs(HTMLIFrameElement, "iframe", element);
      find("[data-window]", element).hidden = false;
      frame.onload = () => fit(frame);
      frame.contentWindow?.location.replace(`/design/runs/${run}/page`);
    } catch (error) {
      if (current === this.#runs) this.#showFigures([["Status", messageOf(error)]]);
    }
  }

  /** @param {Summary} item @param {number} current */
  async #finish(item, current) {
    this.#showFigures(figuresOf(item));
    this.recording.hidden = this.sample.hidden = false;
    /** @type {{ type: string, config: object }[]} */
    const components = await read(`/design/runs/${item.run}/components`);
    if (current !== this.#runs) return;
    this.#configs = Object.fromEntries(components.map(({ type, config }) => [type, config]));
    const options = components.map(({ type }) => make("option", { value: type, text: type }));
    find("select", this.sample).replaceChildren(...options);
    this.element.dataset.ended = item.run;
  }

  #showFigures(/** @type {[name: string, value: string | number][]} */ figures) {
    const pairs = figures.map(([name, value]) => makeFigure(name, value));
    find("[data-figures]", this.element).replaceChildren(...pairs);
  }
}

const sides = [...document.querySelectorAll("[data-side]")].map((element) => new Side(element));

export const start = () => sides.forEach((side) => void side.start());

export const onSave = async (/** @type {Save} */ save) => {
  if (save.prompts || save.described.length || save.library || save.everything)
    await Promise.all(sides.map((side) => side.showBrief()));
};
