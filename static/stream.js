// Swaps each component into its slot as it arrives, then lets the page be.
{
  const main = document.querySelector("main[data-stream]");
  /** @type {Record<string, string>} */
  const rendered = {}; // slot: the HTML it was last given
  /** @type {Record<string, StreamData>} */
  const deferred = {}; // slot: a component that would take away what is being typed
  let lastEventId = "";
  let failures = 0;
  let composing = false;
  let finished = !main;

  const edited = (/** @type {Element} */ field) =>
    field === document.activeElement || field.value !== (field.defaultValue ?? field.value);

  const swap = (/** @type {StreamData} */ component) => {
    const { slot, type, html } = component;
    const place = main?.querySelector(`[data-slot="${CSS.escape(slot)}"]`);
    if (!place || rendered[slot] === html) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const next = template.content;
    const matching = (/** @type {Element} */ element) =>
      element.id
        ? next.getElementById(element.id)
        : [...next.querySelectorAll("a, button")].find(
            (other) => other.textContent === element.textContent,
          );
    const fields = place.querySelectorAll("input:not([type=hidden]), textarea, select");
    const preserved = [...fields].filter(edited);
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    deferred[slot] = component;
    if (!preserved.every(matching) || (active && composing)) return;
    delete deferred[slot];
    rendered[slot] = html;

    const target = active && matching(active);
    const start = active?.selectionStart;
    const end = active?.selectionEnd;
    const rows = () => [...place.querySelectorAll("[tabindex]")];
    const scrolled = rows().map((row) => row.scrollLeft);
    const height = place.offsetHeight;
    for (const old of preserved) {
      const field = matching(old);
      if (field) field.value = old.value;
    }
    place.replaceChildren(next);
    place.dataset.filledBy = type;
    for (const [at, row] of rows().entries()) row.scrollLeft = scrolled[at] ?? 0;
    if (place.offsetHeight < height) place.style.minHeight = height + "px";
    if (active) (target || place.querySelector("a, button"))?.focus({ preventScroll: true });
    if (start != null) target?.setSelectionRange?.(start, end);
  };

  /** @param {string} [message] */
  const finish = (message) => {
    finished = true;
    main?.removeAttribute("data-stream");
    const status = document.querySelector("[data-announce]");
    if (status && message !== "") status.textContent = message ?? status.dataset.announce ?? "";
  };

  /** @type {Record<string, (data: StreamData) => void>} */
  const handlers = {
    component: swap,
    progress: () => {},
    ready: () => finish(),
    error: ({ message }) => finish(message),
  };

  const onEvent = (/** @type {string} */ block) => {
    /** @type {Record<string, string>} */
    const event = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
    }
    if (!event.data || finished) return;
    handlers[event.event]?.(JSON.parse(event.data));
    lastEventId = event.id;
    failures = 0;
  };

  // Reads until the response ends. Heartbeats come every 15 s: after 40 s of silence it is dead.
  const read = async () => {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), 40000);
    const response = await fetch(main?.dataset.stream ?? "", {
      headers: {
        Accept: "text/event-stream",
        ...(lastEventId && { "Last-Event-ID": lastEventId }),
      },
      cache: "no-store",
      signal: stop.signal,
    });
    const { status, body } = response;
    if (status >= 400 && status < 500 && status !== 429) return finish("");
    if (!response.ok || !body) throw status;
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = "", part; !(part = await reader.read()).done; ) {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), 40000);
      const blocks = (text + part.value).split("\n\n");
      text = blocks.pop() ?? "";
      blocks.forEach(onEvent);
    }
    clearTimeout(timer);
  };

  const follow = async () => {
    while (!finished) {
      await read().catch(() => {});
      if (finished) break;
      if (++failures > 8) return finish("");
      const seconds = Math.min(30, 2 ** failures / 4) * (0.5 + Math.random());
      await new Promise((resume) => setTimeout(resume, seconds * 1000));
    }
  };

  const retryDeferred = () => setTimeout(() => Object.values(deferred).forEach(swap));
  main?.addEventListener("compositionstart", () => (composing = true));
  main?.addEventListener("compositionend", () => {
    composing = false;
    retryDeferred();
  });
  main?.addEventListener("focusout", retryDeferred);
  main?.addEventListener("change", retryDeferred);
  follow();
}
