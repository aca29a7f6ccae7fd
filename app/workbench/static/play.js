// The stream player: what is sent is decided on the server, what it does to the page is measured here.
import { read, write } from "./api.js";
import { fieldValue, find, findAs, make, messageOf, report } from "./dom.js";
import { fitBox } from "./previews.js";
import { follow } from "./run_log.js";

/** @import { Save } from "./live_reload.js" */
/** @typedef {{ number: number, at: number, name: string, id: number, data: string }} PlayedEvent */
/**
 * @typedef {{
 *   id: string, run: string, position: number, length: number, playing: boolean, done: boolean,
 *   events: PlayedEvent[],
 * }} Playback
 */
/** @typedef {{ fallback: number, content: number | null, shift: number, by?: string, held?: boolean }} Measure */

const VIEWS = ["stream", "shell", "finished", "kept", "nojs"];
const LEAST_HEIGHT = 900;
const OUTLINE = "6px dashed #d0342c";

const form = findAs(HTMLFormElement, "[data-score]");
const seek = findAs(HTMLInputElement, "[data-seek]");
const speed = findAs(HTMLSelectElement, "[data-speed]");
const playButton = find("[data-do=play]");
/** @type {Playback | null} */
let playback = null;
/** @type {Record<number, string>} */
let fates = {};
/** @type {Record<string, Measure>} */
let measured = {};
let stopLog = () => {};
let seeking = false;

const view = (/** @type {string} */ name) => find(`[data-view="${name}"]`);
const frameOf = (/** @type {string} */ name) => findAs(HTMLIFrameElement, "iframe", view(name));
const pageOf = (/** @type {string} */ name) => frameOf(name).contentDocument;
const slotsOf = (/** @type {Document | null} */ page) => [
  ...(page?.querySelectorAll("[data-slot]") ?? []),
];
const shownIn = (/** @type {Document | null} */ page) =>
  slotsOf(page).filter((slot) => slot.firstElementChild);
const seconds = (/** @type {number} */ milliseconds) => (milliseconds / 1000).toFixed(1);

/** @param {string} name @param {string} text */
const setCaption = (name, text) => find("[data-caption]", view(name)).replaceChildren(text);

const fitView = (/** @type {string} */ name) => {
  const frame = frameOf(name);
  const room = name === "stream" ? Math.min(560, innerWidth - 48) : view(name).clientWidth - 2;
  const width = Number(fieldValue(form, "width"));
  fitBox(frame, { width, scale: Math.min(1, room / width), least: LEAST_HEIGHT });
};

// Watches a page from outside: heights as slots are filled, and what the browser says has moved.
const measure = (/** @type {string} */ name) => {
  const page = pageOf(name);
  const world = page?.defaultView;
  if (!world || !slotsOf(page).length) return;
  /** @type {Record<string, Measure>} */
  const measures = {};
  for (const { dataset, offsetHeight } of slotsOf(page))
    measures[dataset.slot ?? ""] = { fallback: offsetHeight, content: null, shift: 0 };
  measured = measures;
  /** @type {{ id: string, at: number, resized: boolean }[]} */
  const fills = [];
  const onFilled = (/** @type {Node} */ slot) => {
    if (!(slot instanceof world.HTMLElement)) return;
    const { slot: id = "", filledBy = "" } = slot.dataset;
    const { fallback, content } = measures[id];
    const resized = slot.offsetHeight !== (content ?? fallback);
    const held = filledBy === "fallback"; // the page tried the component, and took it back
    if (held) slot.style.outline = OUTLINE;
    else fills.push({ id, at: world.performance.now(), resized });
    Object.assign(measures[id], { content: held ? null : slot.offsetHeight, by: filledBy, held });
    showShifts();
  };
  new world.MutationObserver((records) => {
    for (const record of records) onFilled(record.target);
  }).observe(page.body, { subtree: true, attributeFilter: ["data-filled-by"] });
  new world.PerformanceObserver((list) => {
    for (const { hadRecentInput, startTime, value = 0 } of list.getEntries()) {
      const before = fills.filter((fill) => fill.at <= startTime);
      const cause = before.findLast((fill) => fill.resized) ?? before.at(-1);
      if (hadRecentInput || !cause) continue;
      measures[cause.id].shift += value;
      const slot = page.querySelector(`[data-slot="${cause.id}"]`);
      if (slot) slot.style.outline = OUTLINE;
    }
    showShifts();
  }).observe({ type: "layout-shift", buffered: true });
  showShifts();
};

const showShifts = () => {
  const rows = Object.entries(measured).map(([slot, { fallback, content, shift, by, held }]) => {
    const differs = fallback > 0 && (held || (content != null && content !== fallback));
    const kept = held ? "taller, so it is offered" : "as it was";
    return make(
      "tr",
      { "data-slot": slot },
      make("td", { text: slot }),
      make("td", { text: fallback }),
      make("td", {
        class: differs && "bad",
        text: content == null ? kept : `${content} (${by})`,
      }),
      make("td", { class: shift > 0 ? "bad" : "good", text: shift.toFixed(4) }),
    );
  });
  find("[data-shifts]").replaceChildren(...rows);
  const moved = Object.entries(measured).filter(([, { shift }]) => shift > 0);
  const sum = moved.reduce((all, [, { shift }]) => all + shift, 0);
  const offered = Object.keys(measured).filter(
    (slot) => measured[slot].held && measured[slot].fallback,
  );
  const names = moved.map(([slot]) => slot).join(", ");
  const place = find("[data-shift-sum]");
  place.textContent =
    sum > 0 ? `${sum.toFixed(4)} in all, caused by ${names}` : "Nothing has moved.";
  if (offered.length) place.textContent += ` ${offered.join(", ")} would have moved what follows.`;
  place.className = sum > 0 || offered.length ? "bad" : "quiet";
};

const compare = () => {
  const finished = pageOf("finished");
  const kept = pageOf("kept");
  if (!finished || !kept || finished.querySelector("main[data-stream]")) return;
  const differing = shownIn(finished).filter((slot) => {
    const matching = kept.querySelector(`[data-slot="${slot.dataset.slot}"]`);
    const same = matching?.innerHTML === slot.innerHTML;
    return !same || matching?.dataset.filledBy !== slot.dataset.filledBy;
  });
  const names = differing.map((slot) => slot.dataset.slot).join(", ");
  setCaption("kept", names ? `differs in ${names}` : "the same, slot for slot");
};

// Once a page's own scripts have run, and whenever one of them changes something later.
const compareFrom = (/** @type {string} */ name) => {
  const page = pageOf(name);
  const world = page?.defaultView;
  setTimeout(compare, 300);
  if (world)
    new world.MutationObserver(compare).observe(page.body, {
      attributes: true,
      childList: true,
      subtree: true,
    });
};

const showCaption = () => {
  const page = pageOf("stream");
  const slots = shownIn(page);
  const filled = slots.filter((slot) => slot.dataset.filledBy !== "fallback").length;
  const over = page && !page.querySelector("main[data-stream]");
  setCaption("stream", `${filled} of ${slots.length} filled${over ? ", over" : ""}`);
};

/** @param {string} name @param {string} address */
const reload = (name, address) => {
  const frame = frameOf(name);
  frame.onload = () => {
    fitView(name);
    if (name === "stream") measure(name);
    if (name === "finished" || name === "kept") compareFrom(name);
    frame.dataset.loaded = "";
  };
  fitView(name);
  frame.contentWindow?.location.replace(address);
};

/** @param {Playback} playback @param {string[]} names */
const reloadPlayed = ({ id }, ...names) => {
  for (const name of names)
    reload(name, `/design/plays/${id}/page${name === "stream" ? "?shell" : ""}`);
};

const reloadRun = (/** @type {string} */ run) => {
  reload("shell", `/design/runs/${run}/shell`);
  reload("finished", `/design/runs/${run}/page`);
  reload("kept", `/design/runs/${run}/kept`);
};

const fateOf = (/** @type {PlayedEvent} */ event) => {
  const { content } = findAs(HTMLTemplateElement, "[data-fate]");
  const select = findAs(HTMLSelectElement, "select", document.importNode(content, true));
  select.value = fates[event.number] ?? "none";
  select.onchange = async () => {
    fates[event.number] = select.value;
    await load(true);
  };
  return select;
};

const listEvents = (/** @type {Playback} */ { events, position }) => {
  const shown = events.filter((event) => event.name !== "progress");
  const rows = shown.map((event) => {
    /** @type {{ type?: string, slot?: string }} */
    const { type, slot } = JSON.parse(event.data);
    return make(
      "tr",
      { "data-number": event.number, class: event.at <= position && "passed" },
      make("td", { text: `${seconds(event.at)} s` }),
      make("td", { text: event.name === "component" ? `${type} into ${slot}` : event.name }),
      make("td", {}, fateOf(event)),
    );
  });
  const place = findAs(HTMLTableSectionElement, "[data-events]");
  if (place.contains(document.activeElement) && place.rows.length === rows.length)
    for (const [at, row] of rows.entries()) place.rows[at].className = row.className;
  else place.replaceChildren(...rows);
};

const show = (/** @type {Playback} */ next) => {
  const before = playback;
  playback = next;
  const { playing, position, length } = next;
  playButton.textContent = playing ? "Pause" : "Play";
  playButton.dataset.do = playing ? "pause" : "play";
  if (!seeking) {
    seek.max = String(length);
    seek.value = String(position);
  }
  find("[data-time]").textContent = `${seconds(position)} of ${seconds(length)} s`;
  listEvents(next);
  showCaption();
  if (before?.playing && !playing && position >= length) reloadPlayed(next, "nojs");
  if (before?.id === next.id && position < before.position - 1)
    reloadPlayed(next, "stream", "nojs");
};

const order = () => ({
  source: fieldValue(form, "source") ?? "",
  persona: fieldValue(form, "persona"),
  shop: fieldValue(form, "shop") ?? "",
  fault: {
    kind: fieldValue(form, "fault"),
    at: Number(fieldValue(form, "at")),
    seconds: Number(fieldValue(form, "seconds")),
  },
  events: fates,
  cut: Number(fieldValue(form, "cut")),
});

/** @param {Playback} next @returns {Promise<Playback>} */
const settled = async (next) => {
  while (!next.done && !next.playing) {
    await new Promise((resume) => setTimeout(resume, 60));
    next = await read(`/design/plays/${next.id}`);
  }
  return next;
};

let turn = 0;
const load = async (same = false) => {
  const current = ++turn;
  const status = find("[data-status]");
  delete document.body.dataset.played;
  for (const name of VIEWS) delete frameOf(name).dataset.loaded;
  try {
    const live = !order().source.includes(":");
    const run = same && playback ? { run: playback.run } : {};
    /** @type {Playback} */
    const begun = await write("/design/plays", { ...order(), ...run });
    const next = await (live && !same ? control(begun, "play") : settled(begun));
    if (current !== turn) return;
    report(status, "");
    playback = null;
    show(next);
    stopLog();
    stopLog = follow(next.run, find("[data-log]"), { done: () => reloadRun(next.run) });
    reloadPlayed(next, "stream", "nojs");
    await control(next, "speed", Number(speed.value));
    document.body.dataset.played = next.id;
  } catch (error) {
    report(status, messageOf(error), true);
  }
};

/**
 * @param {Playback} playback
 * @param {string | undefined} action
 * @param {number} [value]
 * @returns {Promise<Playback>}
 */
const control = ({ id }, action, value) => write(`/design/plays/${id}`, { do: action, value });

/** @param {string | undefined} action @param {number} [value] */
const act = async (action, value) => {
  if (playback) show(await control(playback, action, value));
};

const onChange = async (/** @type {Event} */ { target }) => {
  const name = target instanceof Element ? target.getAttribute("name") : "";
  if (name === "width") return VIEWS.forEach(fitView);
  if (name !== "cut") fates = {};
  await load(name === "cut");
};

const onKey = (/** @type {KeyboardEvent} */ event) => {
  const { target, key } = event;
  if (target instanceof Element && target.closest("input, select, textarea, button, a")) return;
  if (key === " ") {
    event.preventDefault();
    playButton.click();
  }
  if (key === "ArrowRight") find("[data-do=step]").click();
};

export const start = () => {
  form.addEventListener("change", onChange);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-do]"))
    button.onclick = () => act(button.dataset.do);
  speed.onchange = () => act("speed", Number(speed.value));
  seek.addEventListener("input", () => (seeking = true));
  seek.addEventListener("change", async () => {
    await act("seek", Number(seek.value));
    seeking = false;
  });
  document.addEventListener("keydown", onKey);
  setInterval(async () => {
    if (playback?.playing) show(await read(`/design/plays/${playback.id}`));
    else if (playback) showCaption();
  }, 200);
  return load();
};

export const onSave = async (/** @type {Save} */ save) => {
  const touched = save.components.length || save.styles.length || save.pages || save.prompts;
  if (touched || save.everything) await load();
};
