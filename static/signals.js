// Tells the shop what was looked at, once the page is hidden or left. Before that, nothing goes out.
// A merchant's own basket and checkout speak through data-signal: docs/signals.md.
if (document.currentScript) {
  const { to = "", product, category, sort } = document.currentScript.dataset;
  const maxEvents = 20; // a message, and products an order
  const minDwell = 5; // seconds
  const maxDwell = 600;
  /** @type {object[]} */
  let events = [];
  let visibleTime = 0; // milliseconds
  let visibleSince = 0;

  const record = (/** @type {object} */ event) => events.length < maxEvents && events.push(event);

  const quantityOf = (/** @type {HTMLElement} */ element) => {
    const field = element instanceof HTMLFormElement && element.elements.namedItem("quantity");
    const text = element.dataset.quantity ?? (field && "value" in field && field.value);
    return Math.min(99, Math.max(1, Math.trunc(Number(text)) || 1));
  };
  const itemOf = (/** @type {HTMLElement} */ element) => ({
    product: element.dataset.product,
    quantity: quantityOf(element),
  });

  const onVisible = () => {
    visibleSince = performance.now();
    if (visibleTime) return;
    visibleTime = 1;
    if (product) record({ kind: "view", product });
    if (category || sort) record({ kind: "filter", category, sort });
    document.querySelectorAll("[data-signal=purchase]:not(form, button, a)").forEach(onPurchase);
  };

  const flush = () => {
    visibleTime += visibleSince && performance.now() - visibleSince;
    visibleSince = 0;
    const seconds = Math.min(maxDwell, Math.floor(visibleTime / 1000));
    if (product && seconds >= minDwell) {
      record({ kind: "dwell", product, seconds });
      visibleTime = 1;
    }
    if (!events.length) return;
    const message = new Blob([JSON.stringify({ events })], { type: "application/json" });
    if (navigator.sendBeacon(to, message)) events = [];
  };

  const onAddToBasket = (/** @type {HTMLElement} */ element) => {
    if (element.dataset.product) record({ kind: "add_to_basket", ...itemOf(element) });
  };

  // An order is sent once a tab, however often its page is looked at.
  const onPurchase = (/** @type {HTMLElement} */ element) => {
    const lines = [element, ...element.querySelectorAll("[data-product]")];
    const named = lines.filter((line) => line.dataset.product);
    const items = named.slice(0, maxEvents).map(itemOf);
    const order = element.dataset.order?.slice(0, 200);
    const known = (order ?? "") + JSON.stringify(items);
    try {
      if (sessionStorage.getItem("order told") === known) return;
      sessionStorage.setItem("order told", known);
    } catch {} // storage is denied: it may be sent again
    if (items.length) record({ kind: "purchase", items, order });
  };

  /** @type {Record<string, (element: HTMLElement) => void>} */
  const handlers = { add_to_basket: onAddToBasket, purchase: onPurchase };
  const onInteraction = (/** @type {Event} */ { target, type }) => {
    const element = target instanceof Element ? target.closest("[data-signal]") : null;
    if (element?.matches(type === "submit" ? "form" : "button, a"))
      handlers[element.dataset.signal ?? ""]?.(element);
  };

  const declined = "globalPrivacyControl" in navigator && navigator.globalPrivacyControl;
  if ("sendBeacon" in navigator && navigator.doNotTrack !== "1" && !declined) {
    document.addEventListener("click", onInteraction);
    document.addEventListener("submit", onInteraction);
    document.addEventListener("visibilitychange", () => (document.hidden ? flush() : onVisible()));
    addEventListener("pagehide", flush);
    if (!document.hidden) onVisible();
  }
}
