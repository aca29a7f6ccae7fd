// Tells the shop which parts of its page were seen and clicked, once the page is hidden or left.
// Seen is what half of it, or of the window, was in view for a second.
if (document.currentScript) {
  const { to = "" } = document.currentScript.dataset;
  const maxEvents = 20; // a message, and products a slot
  /** @type {object[]} */
  let events = [];
  const recorded = new Set();
  /** @type {Map<Element, number>} */
  const timers = new Map();

  const productOf = (/** @type {HTMLAnchorElement} */ link) => {
    const [, name] = /\/products\/([^/?#]+)/.exec(link.pathname) ?? [];
    try {
      return decodeURIComponent(name ?? "");
    } catch {
      return "";
    }
  };
  const productsIn = (/** @type {Element} */ slot) => {
    const names = Array.from(slot.querySelectorAll("a"), productOf).filter(Boolean);
    return [...new Set(names)].slice(0, maxEvents);
  };
  const record = (/** @type {Element} */ element, /** @type {object} */ event) => {
    const { slot, filledBy: by } = /** @type {HTMLElement} */ (element).dataset;
    const full = { ...event, slot, by };
    const name = JSON.stringify(full);
    if (recorded.has(name) || events.length >= maxEvents) return;
    recorded.add(name);
    events.push(full);
  };
  const seen = (/** @type {Element} */ slot) =>
    slot.firstElementChild && record(slot, { kind: "shown", products: productsIn(slot) });

  const onScroll = (/** @type {IntersectionObserverEntry[]} */ entries) => {
    for (const { target, intersectionRatio, intersectionRect } of entries) {
      clearTimeout(timers.get(target));
      if (intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2)
        timers.set(target, setTimeout(seen, 1000, target));
    }
  };
  const onClick = (/** @type {MouseEvent} */ { target }) => {
    const link = target instanceof Element ? target.closest("a") : null;
    const slot = link?.closest("[data-slot]");
    const product = link && productOf(link);
    if (!slot || !product) return;
    record(slot, { kind: "click", product, place: productsIn(slot).indexOf(product) + 1 });
  };
  const flush = () => {
    if (!events.length) return;
    const message = new Blob([JSON.stringify({ events })], { type: "application/json" });
    if (navigator.sendBeacon(to, message)) events = [];
  };

  const declined = "globalPrivacyControl" in navigator && navigator.globalPrivacyControl;
  if ("sendBeacon" in navigator && navigator.doNotTrack !== "1" && !declined) {
    const steps = Array.from({ length: 11 }, (_, at) => at / 10);
    const observer = new IntersectionObserver(onScroll, { threshold: steps });
    for (const slot of document.querySelectorAll("[data-slot]")) observer.observe(slot);
    document.addEventListener("click", onClick);
    document.addEventListener("visibilitychange", () => document.hidden && flush());
    addEventListener("pagehide", flush);
  }
}
