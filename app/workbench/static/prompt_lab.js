// The composer's bench: two runs side by side, each with its brief, its course, its page and its cost.
import { read, write } from "./api.js";
import { make } from "./faults.js";
import { follow } from "./run_log.js";

const sides = [...document.querySelectorAll("[data-side]")];

const order = (side) => {
  const { source, persona, sensitivity, category, shop } =
    side.querySelector("[data-order]").elements;
  return {
    source: source.value,
    persona: persona.value,
    sensitivity: sensitivity.value,
    categories: category.value ? [category.value] : [],
    shop: shop?.value ?? "",
  };
};

const brief = async (side) => {
  const told = await write("/design/brief", order(side));
  side.querySelector("[data-tokens]").textContent = told.tokens;
  side.querySelector("[data-of-instructions]").textContent = told.of_instructions;
  side.querySelector("[data-of-request]").textContent = told.of_request;
  side.querySelector("[data-instructions]").textContent = told.instructions;
  side.querySelector("[data-request]").textContent = told.request;
};

const figures = (side, pairs) =>
  side
    .querySelector("[data-figures]")
    .replaceChildren(
      ...pairs.map(([name, value]) =>
        make(
          "div",
          {},
          make("dt", { text: name }),
          make("dd", { text: value, "data-figure": name }),
        ),
      ),
    );

const fit = (inside) => {
  const width = 1024,
    room = inside.parentElement,
    scale = Math.min(1, (room.parentElement.clientWidth - 2) / width);
  const height = Math.max(600, inside.contentDocument?.body?.scrollHeight ?? 600);
  inside.style.width = `${width}px`;
  inside.style.height = `${height}px`;
  inside.style.transform = `scale(${scale})`;
  room.style.height = `${Math.round(height * scale) + 2}px`;
};

const told = (said, words, wrong) => {
  said.textContent = words;
  said.toggleAttribute("data-wrong", wrong);
};

const sum = (item) => [
  ["Status", item.status],
  ["Time", `${(item.ms / 1000).toFixed(2)} s`],
  ["Brief", `${item.brief_tokens} tokens`],
  ["Asked", `${item.tokens.prompt} tokens`],
  ["Written", `${item.tokens.completion} tokens`],
  [
    "Drawn",
    Object.entries(item.counts)
      .filter(([name]) => name.startsWith("drawn"))
      .reduce((all, [, n]) => all + n, 0),
  ],
  [
    "Refused",
    Object.entries(item.counts)
      .filter(([name]) => name.startsWith("refused"))
      .reduce((all, [, n]) => all + n, 0),
  ],
  [
    "Mended",
    Object.entries(item.counts)
      .filter(([name]) => name.startsWith("repaired"))
      .reduce((all, [, n]) => all + n, 0),
  ],
];

const ended = async (side, item) => {
  figures(side, sum(item));
  for (const form of side.querySelectorAll("[data-record], [data-sample]")) form.hidden = false;
  const components = await read(`/design/runs/${item.run}/components`);
  side.components = Object.fromEntries(
    components.map((component) => [component.type, component.config]),
  );
  side
    .querySelector("[data-sample] select")
    .replaceChildren(...components.map(({ type }) => make("option", { value: type, text: type })));
  side.dataset.ended = item.run;
};

const run = async (side) => {
  delete side.dataset.ended;
  figures(side, [["Status", "composing"]]);
  try {
    const { run: id } = await write("/design/runs", order(side));
    side.dataset.run = id;
    const text = side.querySelector("[data-text]");
    text.textContent = "";
    side.leave?.();
    side.leave = follow(id, side.querySelector("[data-log]"), {
      text: (item) => text.append(item.text),
      done: (item) => ended(side, item),
    });
    const inside = side.querySelector("iframe");
    inside.parentElement.hidden = false;
    inside.onload = () => fit(inside);
    inside.contentWindow.location.replace(`/design/runs/${id}/page`);
  } catch (error) {
    figures(side, [["Status", error.message]]);
  }
};

const keep = async (event, what) => {
  event.preventDefault();
  const form = event.target,
    said = form.querySelector(".said");
  try {
    told(said, (await what(form.elements)).said, false);
  } catch (error) {
    told(said, error.message, true);
  }
};

export const begin = () => {
  for (const side of sides) {
    const form = side.querySelector("[data-order]");
    form.addEventListener("change", () => brief(side));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run(side);
    });
    side
      .querySelector("[data-record]")
      .addEventListener("submit", (event) =>
        keep(event, ({ name }) =>
          write(`/design/runs/${side.dataset.run}/recording`, { name: name.value }),
        ),
      );
    side.querySelector("[data-sample]").addEventListener("submit", (event) =>
      keep(event, ({ component, name }) =>
        write("/design/samples", {
          component: component.value,
          name: name.value,
          config: side.components[component.value],
        }),
      ),
    );
    brief(side);
  }
};

export const saved = async (what) => {
  if (what.prompts || what.told.length || what.library || what.everything)
    await Promise.all(sides.map(brief));
};
