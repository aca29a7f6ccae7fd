// The checks: everything about every state, for people here and for `make check-components`.
import { read, write } from "./api.js";
import { compare } from "./compare.js";
import { make } from "./faults.js";
import { examine, selectors } from "./page_checks.js";

const get = (name) => document.querySelector(`[data-${name}]`);
const progress = get("progress");
const axe = get("axe").dataset.axe === "yes";
const homes = new Map(
  JSON.parse(get("states").textContent).map((item) => [item.component, item.of]),
);
let findings = [];
let turn = 0;

// A browser keeps pictures of one address for as long as the page lives: each turn has addresses of its own.
const of = (which, name) => `/design/pictures/${which}/${name}?turn=${turn}`;

const add = (found) => {
  findings.push(...found);
  get("findings").append(
    ...found.map((item) =>
      make(
        "tr",
        { "data-kind": item.kind, "data-component": item.component },
        make(
          "td",
          {},
          make("a", {
            href: `/design/${homes.get(item.component) ?? "components"}/${item.component}?state=${item.state}${item.theme === "dark" ? "&theme=dark" : ""}`,
            text: item.component,
          }),
        ),
        make("td", { text: item.state || "all" }),
        make("td", { text: item.theme || "both" }),
        make("td", { class: item.level === "wrong" ? "bad" : "quiet", text: item.kind }),
        make("td", { text: item.text }),
      ),
    ),
  );
};

const picture = async (name, accepted) => {
  const [component, state, width, theme] = name.split(".");
  const canvas = make("canvas");
  const verdict = accepted
    ? await compare(of("accepted", name), of("taken", name), canvas)
    : { same: false, why: "not accepted yet", fresh: true };
  if (!verdict.same) {
    add([
      {
        component,
        state,
        theme,
        kind: "picture",
        level: verdict.fresh ? "note" : "wrong",
        text: `${width} px: ${verdict.why}`,
      },
    ]);
    get("pictures").append(shown(name, accepted, canvas, verdict));
  }
  return verdict;
};

const shown = (name, accepted, canvas, verdict) => {
  const accept = make("button", { type: "button", class: "small", text: "Accept" });
  const box = make(
    "figure",
    { class: "picture", "data-picture": name },
    make(
      "figcaption",
      {},
      make("strong", { text: name.replace(/\.png$/, "") }),
      ` ${verdict.why} `,
      accept,
    ),
  );
  const side = (label, element) =>
    make("div", {}, make("span", { class: "quiet", text: label }), element);
  const row = make("div", { class: "picture-row" });
  if (accepted)
    row.append(
      side(
        "accepted",
        make("img", { src: of("accepted", name), alt: `Accepted: ${name}`, loading: "lazy" }),
      ),
    );
  row.append(
    side("now", make("img", { src: of("taken", name), alt: `Now: ${name}`, loading: "lazy" })),
  );
  if (accepted && canvas.width) row.append(side("what differs", canvas));
  accept.onclick = async () => {
    await write("/design/pictures/accept", { names: [name] });
    box.remove();
  };
  box.append(row);
  return box;
};

const pictures = async (which) => {
  turn = Date.now();
  get("pictures").replaceChildren();
  const known = await read("/design/pictures");
  const fresh = [];
  for (const name of known.taken.filter((name) => !which || name.startsWith(`${which}.`))) {
    const accepted = known.accepted.includes(name);
    if (!accepted) fresh.push(name);
    await picture(name, accepted);
  }
  const all = get("accept-all");
  all.hidden = !fresh.length;
  all.onclick = async () => {
    for (let at = 0; at < fresh.length; at += 200)
      await write("/design/pictures/accept", { names: fresh.slice(at, at + 200) });
    all.hidden = true;
    for (const name of fresh) document.querySelector(`[data-picture="${name}"]`)?.remove();
  };
};

const figures = (states) => {
  const count = (level) => findings.filter((item) => item.level === level).length;
  get("figures").replaceChildren(
    ...Object.entries({ States: states.length, Wrong: count("wrong"), Notes: count("note") }).map(
      ([name, value]) =>
        make(
          "div",
          {},
          make("dt", { text: name }),
          make("dd", {
            class: name === "Wrong" && value ? "bad" : "",
            text: value,
            "data-figure": name,
          }),
        ),
    ),
  );
};

export const check = async (which = "") => {
  findings = [];
  get("findings").replaceChildren();
  delete document.body.dataset.checked;
  const every = await read("/design/states");
  const states = every.filter((item) => !which || item.component === which);
  const frame = make("iframe", { title: "A state being checked", tabindex: "-1" });
  get("stage").replaceChildren(frame);
  for (const component of new Set(states.map((item) => item.component))) {
    add(await read(`/design/markup/${component}`));
    const css = await (await fetch(`/design/styles/${component}`, { cache: "no-store" })).text();
    const unused = new Set(selectors(css));
    for (const item of states.filter((state) => state.component === component)) {
      progress.textContent = `Looking at ${item.component}, ${item.state}`;
      add(await examine(frame, item, unused, axe));
    }
    add(
      [...unused].map((selector) => ({
        component,
        state: "",
        theme: "",
        kind: "unused style",
        level: "note",
        text: selector,
      })),
    );
  }
  get("stage").replaceChildren();
  await pictures(which);
  figures(states);
  progress.textContent = `Checked ${states.length} states${axe ? "" : ", without axe"}.`;
  document.body.dataset.checked = String(states.length);
  return { states: states.length, axe, findings };
};

export const begin = () => {
  get("check").onclick = () => check(get("which").value);
  get("take").onclick = async () => {
    progress.textContent = "Taking pictures…";
    try {
      const { said } = await write("/design/pictures", { component: get("which").value });
      progress.textContent = said;
      await pictures(get("which").value);
      document.body.dataset.taken = said;
    } catch (error) {
      progress.textContent = error.message;
    }
  };
};
