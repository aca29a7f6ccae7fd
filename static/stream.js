// Swaps each component into its slot as it arrives, never under a finger.
{
  const readAfter = 500; // ms in view before any input says that a slot is read
  const settleAfter = 200; // ms since the last scroll
  const main = document.querySelector("main[data-stream]");
  /** @type {Record<string, StoreSlot>} */
  const slots = {};
  let lastEventId = "";
  let failures = 0;
  let scrolling = 0;
  /** @type {StoreSlot | undefined} */
  let pointed; // the slot under the mouse
  let finished = !main;

  const slotOf = (/** @type {unknown} */ target) =>
    slots[(target instanceof Element && target.closest("[data-slot]")?.dataset.slot) || ""];

  const offerIn = (/** @type {HTMLElement} */ place) => {
    const offer = main?.querySelector("template");
    if (offer && !place.querySelector(".offer")) place.append(offer.content.cloneNode(true));
  };

  // What is read, pointed at, typed or selected in stays, and offers what came.
  const settle = (/** @type {StoreSlot} */ slot, wanted = false) => {
    const { place, waiting } = slot;
    if (!waiting) return;
    const { top, bottom } = place.getBoundingClientRect();
    const near = top < 2 * innerHeight && bottom > -innerHeight; // the screen may be ahead of us
    if (scrolling && near && !wanted) return;
    const fields = [...place.querySelectorAll("input, textarea")];
    const edited = fields.filter((field) => field.value !== field.defaultValue);
    const focused = place.contains(document.activeElement);
    const selection = getSelection();
    const selected = selection?.type === "Range" && selection.containsNode(place, true);
    const watched = slot.inViewSince && (slot.read || slot === pointed);
    if (!wanted && (watched || focused || selected || edited.length)) return offerIn(place);
    const previous = [...place.childNodes];
    const height = place.offsetHeight;
    const { filledBy } = place.dataset;
    place.innerHTML = waiting.html;
    place.dataset.filledBy = waiting.type;
    if (top < innerHeight) {
      // What is in view or above moves nothing.
      if (!wanted && place.offsetHeight > height) {
        place.replaceChildren(...previous);
        place.dataset.filledBy = filledBy;
        return offerIn(place);
      }
      if (place.offsetHeight < height) place.style.minHeight = height + "px";
    }
    slot.html = waiting.html;
    slot.waiting = undefined;
    for (const { id, value } of edited) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    if (focused) place.querySelector("a, button")?.focus({ preventScroll: true });
  };

  const settleAll = () => {
    for (const slot of Object.values(slots)) settle(slot);
  };

  const swap = (/** @type {StreamData} */ component) => {
    const slot = slots[component.slot];
    if (!slot || slot.html === component.html) return;
    slot.waiting = component;
    settle(slot);
  };

  /** @param {string} [message] */
  const finish = (message) => {
    finished = true;
    main?.removeAttribute("data-stream");
    document.querySelector(".arranging")?.setAttribute("hidden", "");
    for (const { place, waiting } of Object.values(slots))
      if (!waiting && !place.firstChild) place.remove();
    const status = document.querySelector("[data-announce]");
    if (status && message !== "") status.textContent = message ?? status.dataset.announce ?? "";
  };

  /** @type {Record<string, (data: StreamData) => void>} */
  const handlers = {
    component: swap,
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

  // Reads to the end, or 40 s of silence. A page that is left lets go, to be kept.
  const read = async () => {
    const stop = new AbortController();
    const letGo = () => stop.abort();
    addEventListener("pagehide", letGo, { once: true });
    let timer = setTimeout(letGo, 40000);
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
      timer = setTimeout(letGo, 40000);
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
      await new Promise((resume) => {
        setTimeout(resume, seconds * 1000);
        addEventListener("pageshow", resume, { once: true });
      });
    }
  };

  const views = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, time } of entries) {
      const slot = slotOf(target);
      slot.inViewSince = isIntersecting ? time : 0;
      if (isIntersecting) continue;
      slot.read = false;
      settle(slot);
    }
  });
  for (const place of main?.querySelectorAll("[data-slot]") ?? []) {
    slots[place.dataset.slot ?? ""] = { place, inViewSince: 0, read: false };
    views.observe(place);
  }

  const onInput = (/** @type {any} */ { type, target, timeStamp, movementX, movementY }) => {
    if (type === "pointermove" && !movementX && !movementY) return;
    for (const slot of Object.values(slots)) {
      const seen = slot.inViewSince && timeStamp - slot.inViewSince > readAfter;
      if (seen || (type === "pointerdown" && slot === slotOf(target))) slot.read = true;
    }
  };
  const onScroll = () => {
    clearTimeout(scrolling);
    scrolling = setTimeout(() => {
      scrolling = 0;
      settleAll();
    }, settleAfter);
  };
  const anywhere = { capture: true, passive: true };
  for (const type of ["pointerdown", "pointermove", "touchmove", "wheel", "keydown"])
    addEventListener(type, onInput, anywhere);
  addEventListener("scroll", onScroll, anywhere);
  visualViewport?.addEventListener("scroll", onScroll);
  addEventListener("pointerover", ({ target, clientX, clientY }) => {
    pointed = clientX || clientY ? slotOf(target) : undefined; // 0,0: there is no mouse
  });
  main?.addEventListener("focusout", () => setTimeout(settleAll));
  main?.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(".offer")) settle(slotOf(target), true);
  });
  if (document.prerendering) document.addEventListener("prerenderingchange", follow);
  else follow();
}
