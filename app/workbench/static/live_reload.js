// Hears what is saved: through the listener that all windows share, or by itself where there can be none.
/** @import { Fault } from "./faults.js" */

/**
 * What a save touches.
 * @typedef {{
 *   version: number, faults: Fault[], components: string[], styles: string[], described: string[],
 *   pages: boolean, prompts: boolean, library: boolean, everything?: boolean,
 * }} Save
 */
/** @typedef {{ kind: "open" } | { kind: "lost" } | { kind: "saved", what: Save }} Message */
/** @typedef {(message: Message) => void} Handler */

const listenTogether = (/** @type {Handler} */ onMessage) => {
  const worker = new SharedWorker("/design/static/live_reload_worker.js", "live reload");
  worker.port.onmessage = ({ data }) => onMessage(data);
  addEventListener("pagehide", () => worker.port.postMessage("gone"));
};

const listenAlone = (/** @type {Handler} */ onMessage) => {
  const source = new EventSource("/design/news");
  source.onopen = () => onMessage({ kind: "open" });
  source.onerror = () => onMessage({ kind: "lost" });
  source.onmessage = ({ data }) => onMessage({ kind: "saved", what: JSON.parse(data) });
};

export const listen = (/** @type {Handler} */ onMessage) =>
  ("SharedWorker" in window ? listenTogether : listenAlone)(onMessage);
