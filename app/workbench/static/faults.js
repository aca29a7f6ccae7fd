// What is wrong with a file: where, in which words, and what the names at hand stood for.
import { make } from "./dom.js";

/**
 * @typedef {{
 *   file: string, line: number, message: string, where: string, component: string,
 *   lines: { number: number, text: string, guilty: boolean }[],
 *   values: { name: string, shown: string }[],
 * }} Fault
 */

const articleOf = (/** @type {Fault} */ fault) => {
  const article = make("article", { class: "fault", "data-file": fault.file });
  article.append(make("h3", { text: `${fault.file}${fault.line ? `, line ${fault.line}` : ""}` }));
  article.append(make("p", { text: fault.message }));
  if (fault.where) {
    const text = `Came up in ${fault.where}. The last good drawing stays, here and in the shop.`;
    article.append(make("p", { class: "still", text }));
  }
  if (fault.lines.length) {
    const lines = fault.lines.map(({ number, text, guilty }) =>
      make("div", { class: guilty && "guilty", text: `${String(number).padStart(4)}  ${text}` }),
    );
    article.append(make("pre", { tabindex: "0" }, ...lines));
  }
  if (fault.values.length) {
    const values = fault.values.flatMap(({ name, shown }) => [
      make("dt", { text: name }),
      make("dd", { text: shown }),
    ]);
    article.append(make("dl", {}, ...values));
  }
  return article;
};

/** @param {HTMLElement} panel @param {Fault[]} faults */
export const showFaults = (panel, faults) => panel.replaceChildren(...faults.map(articleOf));
