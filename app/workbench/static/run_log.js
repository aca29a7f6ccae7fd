// Follows a run from its beginning: what the model wrote, what was drawn, refused and mended, as it comes.
import { make } from "./faults.js";

const words = {
  asked: (item) => `asked ${item.code}`,
  drawn: (item) => `drew ${item.code}`,
  refused: (item) => `refused ${item.where || "a component"}: ${item.code}`,
  repaired: (item) => `mended ${item.code}`,
  model_ended: (item) => `the model ended (${item.code})`,
  model_failed: (item) => `the model failed: ${item.code}, ${item.where}`,
  failed: (item) => `failed: ${item.code}`,
  out_of_patience: () => "out of patience with the models",
};
const kinds = {
  refused: "bad",
  failed: "bad",
  model_failed: "bad",
  repaired: "warn",
  drawn: "good",
};

const line = (item) => {
  const told =
    item.kind === "note"
      ? (words[item.what] ?? (() => item.what))(item)
      : `failed: ${item.code} ${item.where ?? ""}`;
  return make(
    "li",
    {
      class: kinds[item.what ?? item.kind],
      "data-what": item.what ?? item.kind,
      "data-code": item.code,
    },
    make("span", { class: "quiet", text: `${(item.at / 1000).toFixed(2)} s` }),
    ` ${told}`,
  );
};

export const follow = (run, log, heard = {}) => {
  log.replaceChildren();
  const source = new EventSource(`/design/runs/${run}/news`);
  source.onmessage = ({ data }) => {
    const item = JSON.parse(data);
    if (item.kind === "note" || item.kind === "failed") log.append(line(item));
    heard[item.kind]?.(item);
    if (item.kind === "done") source.close();
  };
  source.onerror = () => source.close();
  return () => source.close();
};
