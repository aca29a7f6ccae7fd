// Follows a run from its beginning: what the model wrote, what was drawn, refused and mended, as it comes.
import { make } from "./dom.js";

/** @typedef {{ kind: "note", at: number, what: string, code: string, where: string, words: string }} Note */
/** @typedef {{ kind: "failed", at: number, code: string, where: string }} Failure */
/** @typedef {{ kind: "text", at: number, text: string, model: string }} Text */
/** @typedef {{ kind: "event" | "tokens", at: number }} Other */
/**
 * @typedef {{
 *   kind: "done", at: number, run: string, status: string, ms: number, brief_tokens: number,
 *   tokens: { prompt: number, completion: number }, counts: Record<string, number>,
 * }} Summary
 */

/** @type {Record<string, (note: Note) => string>} */
const texts = {
  asked: (note) => `asked ${note.code}`,
  drawn: (note) => `drew ${note.code}`,
  refused: (note) => {
    const words = note.words ? ` (${note.words})` : "";
    return `refused ${note.where || "a component"}: ${note.code}${words}`;
  },
  repaired: (note) => `mended ${note.code}`,
  model_ended: (note) => `the model ended (${note.code})`,
  model_failed: (note) => `the model failed: ${note.code}, ${note.where}`,
  failed: (note) => `failed: ${note.code}`,
  out_of_patience: () => "out of patience with the models",
};
/** @type {Record<string, string>} */
const classes = {
  refused: "bad",
  failed: "bad",
  model_failed: "bad",
  repaired: "warn",
  drawn: "good",
};

const lineOf = (/** @type {Note | Failure} */ item) => {
  const what = item.kind === "note" ? item.what : "failed";
  const text =
    item.kind === "note"
      ? (texts[what]?.(item) ?? what)
      : `failed: ${item.code} ${item.where ?? ""}`;
  return make(
    "li",
    { class: classes[what], "data-what": what, "data-code": item.code },
    make("span", { class: "quiet", text: `${(item.at / 1000).toFixed(2)} s` }),
    ` ${text}`,
  );
};

/**
 * Writes a run's news into a log; returns what stops it.
 * @param {string} run
 * @param {HTMLElement} log
 * @param {{ text?: (item: Text) => void, done?: (item: Summary) => void }} handlers
 */
export const follow = (run, log, handlers) => {
  log.replaceChildren();
  const source = new EventSource(`/design/runs/${run}/news`);
  source.onmessage = ({ data }) => {
    /** @type {Note | Failure | Text | Summary | Other} */
    const item = JSON.parse(data);
    if (item.kind === "note" || item.kind === "failed") log.append(lineOf(item));
    if (item.kind === "text") handlers.text?.(item);
    if (item.kind === "done") {
      handlers.done?.(item);
      source.close();
    }
  };
  source.onerror = () => source.close();
  return () => source.close();
};
