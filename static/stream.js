// Swaps each component into its slot as it arrives, then lets the page be.
{
  const main = document.querySelector("main[data-stream]");
  const fields = "input:not([type=hidden]), textarea, select";
  const shown = {}; // slot: the HTML it was last given
  const waiting = {}; // slot: a component that would take away what is being typed
  let last = "", failures = 0, composing = false, over = !main;

  const touched = (field) =>
    field === document.activeElement || field.value !== (field.defaultValue ?? field.value);
  const twin = (element, within) =>
    element.id
      ? within.querySelector("#" + CSS.escape(element.id))
      : [...within.querySelectorAll("a, button")].find((other) => other.textContent === element.textContent);

  const swap = (component) => {
    const { slot, type, html } = component;
    const place = main.querySelector(`[data-slot="${CSS.escape(slot)}"]`);
    if (!place || shown[slot] === html) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content;
    const kept = [...place.querySelectorAll(fields)].filter(touched).map((old) => [old, twin(old, fresh)]);
    const active = place.contains(document.activeElement) && document.activeElement;
    waiting[slot] = component;
    if (kept.some(([, now]) => !now) || (active && composing)) return;
    delete waiting[slot];
    shown[slot] = html;

    const target = active && twin(active, fresh);
    const caret = target && active.selectionStart != null && [active.selectionStart, active.selectionEnd];
    const scrolled = [...place.querySelectorAll("[tabindex]")].map((row) => row.scrollLeft);
    const height = place.offsetHeight;
    for (const [old, now] of kept) now.value = old.value;
    place.replaceChildren(fresh);
    place.dataset.filledBy = type;
    for (const [at, row] of place.querySelectorAll("[tabindex]").entries()) row.scrollLeft = scrolled[at] ?? 0;
    if (place.offsetHeight < height) place.style.minHeight = height + "px";
    if (active) (target || place.querySelector("a, button"))?.focus({ preventScroll: true });
    if (caret) target.setSelectionRange(...caret);
  };

  const finish = (words) => {
    over = true;
    main.removeAttribute("data-stream");
    const status = document.querySelector("[data-announce]");
    if (status && words !== "") status.textContent = words ?? status.dataset.announce;
  };

  const happen = {
    component: swap,
    progress: () => {},
    ready: () => finish(),
    error: ({ message }) => finish(message),
  };

  const take = (block) => {
    const event = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
    }
    if (!event.data || over) return;
    happen[event.event]?.(JSON.parse(event.data));
    last = event.id;
    failures = 0;
  };

  // Reads until the answer ends. Heartbeats come every 15 s: after 40 s of silence it is dead.
  const read = async () => {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), 40000);
    const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
    const answer = await fetch(main.dataset.stream, { headers, cache: "no-store", signal: stop.signal });
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return finish("");
    if (!answer.ok) throw answer.status;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = "", part; !(part = await reader.read()).done; ) {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), 40000);
      const blocks = (text + part.value).split("\n\n");
      text = blocks.pop();
      blocks.forEach(take);
    }
    clearTimeout(timer);
  };

  const follow = async () => {
    while (!over) {
      await read().catch(() => {});
      if (over) break;
      if (++failures > 8) return finish("");
      const seconds = Math.min(30, 2 ** failures / 4) * (0.5 + Math.random());
      await new Promise((resume) => setTimeout(resume, seconds * 1000));
    }
  };

  const retry = () => setTimeout(() => Object.values(waiting).forEach(swap));
  main?.addEventListener("compositionstart", () => (composing = true));
  main?.addEventListener("compositionend", () => (composing = false, retry()));
  main?.addEventListener("focusout", retry);
  main?.addEventListener("change", retry);
  follow();
}
