// The stream player: what is sent is decided on the server, what it does to the page is measured here.
import { read, write } from "./api.js";
import { make } from "./faults.js";
import { follow } from "./run_log.js";

const form = document.querySelector("[data-score]");
const seek = document.querySelector("[data-seek]");
const view = (name) => document.querySelector(`[data-view="${name}"]`);
const frame = (name) => view(name).querySelector("iframe");
const playButton = document.querySelector("[data-do=play]");
let state = null,
  fates = {},
  leave = () => {},
  measured = {},
  seeking = false;

const fitView = (name) => {
  const inside = frame(name),
    wide = name === "stream";
  const width = Number(form.elements.width.value);
  const scale = Math.min(
    1,
    (wide ? Math.min(560, window.innerWidth - 48) : view(name).clientWidth - 2) / width,
  );
  const height = Math.max(900, inside.contentDocument?.body?.scrollHeight ?? 900);
  inside.style.width = `${width}px`;
  inside.style.height = `${height}px`;
  inside.style.transform = `scale(${scale})`;
  inside.parentElement.style.width = `${Math.round(width * scale)}px`;
  inside.parentElement.style.height = `${Math.round(height * scale)}px`;
};

const slots = (page) => [...(page?.querySelectorAll("[data-slot]") ?? [])];

// Watches a page from outside: heights as slots are filled, and what the browser says has moved.
const measure = (name) => {
  const inside = frame(name),
    page = inside.contentDocument,
    world = inside.contentWindow;
  if (!page?.querySelector("[data-slot]")) return;
  const heights = Object.fromEntries(
    slots(page).map((slot) => [
      slot.dataset.slot,
      { fallback: slot.offsetHeight, content: null, shift: 0 },
    ]),
  );
  measured = heights;
  let last = "";
  const changed = (slot) => {
    last = slot.dataset.slot;
    heights[last].content = slot.offsetHeight;
    heights[last].by = slot.dataset.filledBy;
    tell();
  };
  new world.MutationObserver((records) => {
    for (const record of records) changed(record.target);
  }).observe(page.body, { subtree: true, attributeFilter: ["data-filled-by"] });
  new world.PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput || !last) continue;
      heights[last].shift += entry.value;
      page.querySelector(`[data-slot="${last}"]`).style.outline = "6px dashed #d0342c";
    }
    tell();
  }).observe({ type: "layout-shift", buffered: true });
  tell();
};

const tell = () => {
  const rows = Object.entries(measured).map(([slot, { fallback, content, shift, by }]) => {
    const differs = content != null && content !== fallback;
    return make(
      "tr",
      { "data-slot": slot },
      make("td", { text: slot }),
      make("td", { text: fallback }),
      make("td", {
        class: differs && "bad",
        text: content == null ? "as it was" : `${content} (${by})`,
      }),
      make("td", { class: shift > 0 ? "bad" : "good", text: shift.toFixed(4) }),
    );
  });
  document.querySelector("[data-shifts]").replaceChildren(...rows);
  const sum = Object.values(measured).reduce((all, item) => all + item.shift, 0);
  const guilty = Object.entries(measured)
    .filter(([, item]) => item.shift > 0)
    .map(([slot]) => slot);
  const place = document.querySelector("[data-shift-sum]");
  place.textContent =
    sum > 0 ? `${sum.toFixed(4)} in all, caused by ${guilty.join(", ")}` : "Nothing has moved.";
  place.className = sum > 0 ? "bad" : "quiet";
};

const compare = () => {
  const finished = frame("finished").contentDocument,
    kept = frame("kept").contentDocument;
  if (!finished || !kept || finished.querySelector("main[data-stream]")) return;
  const found = slots(finished).filter((slot) => {
    const twin = kept.querySelector(`[data-slot="${slot.dataset.slot}"]`);
    return (
      !twin || twin.innerHTML !== slot.innerHTML || twin.dataset.filledBy !== slot.dataset.filledBy
    );
  });
  view("kept").querySelector("[data-caption]").textContent = found.length
    ? `differs in ${found.map((slot) => slot.dataset.slot).join(", ")}`
    : "the same, slot for slot";
};

const caption = () => {
  const page = frame("stream").contentDocument;
  const filled = slots(page).filter((slot) => slot.dataset.filledBy !== "fallback").length;
  const over = page && !page.querySelector("main[data-stream]");
  view("stream").querySelector("[data-caption]").textContent =
    `${filled} of ${slots(page).length} filled${over ? ", over" : ""}`;
};

const reload = (name, address) => {
  const inside = frame(name);
  inside.onload = () => {
    fitView(name);
    if (name === "stream") measure(name);
    if (name === "finished" || name === "kept") setTimeout(compare, 300);
    inside.dataset.loaded = "";
  };
  fitView(name);
  inside.contentWindow.location.replace(address);
};

const fate = (event) => {
  const select = document.querySelector("[data-fate]").content.firstElementChild.cloneNode(true);
  select.value = fates[event.number] ?? "none";
  select.onchange = () => {
    fates[event.number] = select.value;
    load(true);
  };
  return select;
};

const list = () => {
  const rows = state.events
    .filter((event) => event.name !== "progress")
    .map((event) => {
      const what = JSON.parse(event.data);
      const passed = event.at <= state.position;
      return make(
        "tr",
        { "data-number": event.number, class: passed && "passed" },
        make("td", { text: `${(event.at / 1000).toFixed(1)} s` }),
        make("td", {
          text: event.name === "component" ? `${what.type} into ${what.slot}` : event.name,
        }),
        make("td", {}, fate(event)),
      );
    });
  const place = document.querySelector("[data-events]");
  if (place.contains(document.activeElement) && place.rows.length === rows.length) {
    for (const [at, row] of rows.entries()) place.rows[at].className = row.className;
    return;
  }
  place.replaceChildren(...rows);
};

const show = (fresh) => {
  const ended = state?.playing && !fresh.playing && fresh.position >= fresh.length;
  const back = state && fresh.id === state.id && fresh.position < state.position - 1;
  state = fresh;
  playButton.textContent = state.playing ? "Pause" : "Play";
  playButton.dataset.do = state.playing ? "pause" : "play";
  if (!seeking) {
    seek.max = state.length;
    seek.value = state.position;
  }
  document.querySelector("[data-time]").textContent =
    `${(state.position / 1000).toFixed(1)} of ${(state.length / 1000).toFixed(1)} s`;
  list();
  caption();
  if (ended) reload("nojs", `/design/plays/${state.id}/page`);
  if (back) {
    reload("stream", `/design/plays/${state.id}/page?shell`);
    reload("nojs", `/design/plays/${state.id}/page`);
  }
};

const order = () => {
  const { source, persona, shop, trouble, at, seconds, cut } = form.elements;
  return {
    source: source.value,
    persona: persona.value,
    shop: shop?.value ?? "",
    trouble: { kind: trouble.value, at: Number(at.value), seconds: Number(seconds.value) },
    events: fates,
    cut: Number(cut.value),
  };
};

const settled = async (fresh) => {
  while (!fresh.done && !fresh.playing) {
    await new Promise((resume) => setTimeout(resume, 60));
    fresh = await read(`/design/plays/${fresh.id}`);
  }
  return fresh;
};

let turn = 0;
const load = async (same = false) => {
  const mine = ++turn;
  const said = document.querySelector("[data-said]");
  delete document.body.dataset.played;
  for (const name of ["stream", "shell", "finished", "kept", "nojs"])
    delete frame(name).dataset.loaded;
  try {
    const live = !order().source.includes(":");
    let fresh = await write("/design/plays", {
      ...order(),
      ...(same && state && { run: state.run }),
    });
    if (live && !same) fresh = await write(`/design/plays/${fresh.id}`, { do: "play" });
    else fresh = await settled(fresh);
    if (mine !== turn) return;
    said.textContent = "";
    delete said.dataset.wrong;
    state = null;
    show(fresh);
    leave();
    leave = follow(state.run, document.querySelector("[data-log]"), {
      done: () => ["shell", "finished", "kept"].forEach(views),
    });
    reload("stream", `/design/plays/${state.id}/page?shell`);
    reload("nojs", `/design/plays/${state.id}/page`);
    await write(`/design/plays/${state.id}`, {
      do: "speed",
      value: Number(document.querySelector("[data-speed]").value),
    });
    document.body.dataset.played = state.id;
  } catch (error) {
    said.textContent = error.message;
    said.dataset.wrong = "";
  }
};
const views = (name) =>
  reload(name, `/design/runs/${state.run}/${name === "finished" ? "page" : name}`);

const control = async (what, value) =>
  show(await write(`/design/plays/${state.id}`, { do: what, value }));

export const begin = () => {
  form.addEventListener("change", ({ target }) => {
    if (target.name === "width")
      return ["stream", "shell", "finished", "kept", "nojs"].forEach(fitView);
    if (target.name !== "cut") fates = {};
    load(target.name === "cut");
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-do]"))
    button.onclick = () => control(button.dataset.do);
  document.querySelector("[data-speed]").onchange = ({ target }) =>
    control("speed", Number(target.value));
  seek.addEventListener("input", () => (seeking = true));
  seek.addEventListener("change", async () => {
    await control("seek", Number(seek.value));
    seeking = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, button, a")) return;
    if (event.key === " ") {
      event.preventDefault();
      playButton.click();
    }
    if (event.key === "ArrowRight") document.querySelector("[data-do=step]").click();
  });
  setInterval(async () => {
    if (state?.playing) show(await read(`/design/plays/${state.id}`));
    else if (state) caption();
  }, 200);
  load();
};

export const saved = async (what) => {
  if (what.components.length || what.pages || what.prompts || what.styles.length || what.everything)
    await load();
};
