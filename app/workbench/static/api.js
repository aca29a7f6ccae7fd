// Asks the workbench's server: reads freely, writes with the token that only our pages carry.
import { findAs } from "./dom.js";

const token = findAs(HTMLMetaElement, "meta[name=workbench-token]").content;

/**
 * Returns what the server answers; the caller says of which type that is.
 * @template T
 * @param {string} address
 * @returns {Promise<T>}
 */
export const read = async (address) => {
  const response = await fetch(address, { cache: "no-store" });
  return response.json();
};

/**
 * @template T
 * @param {string} address
 * @param {object} payload
 * @returns {Promise<T>}
 */
export const write = async (address, payload) => {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Workbench-Token": token },
    body: JSON.stringify(payload),
  });
  const failure = { error: `answered ${response.status}` };
  const answer = await response.json().catch(() => failure);
  if (!response.ok) throw new Error(answer.error ?? failure.error);
  return answer;
};

/** Returns this page as the server draws it now, null where it no longer does. */
export const readPageAgain = async () => {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
};
