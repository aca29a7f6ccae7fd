// Tells the shop what was looked at, once the page is hidden or left. Before that, nothing goes out.
// A merchant's own basket and checkout speak through data-signal: docs/signals.md.
{
  const { to, product, category, sort } = document.currentScript.dataset;
  const maxEvents = 20; // a message, and products an order
  const minDwell = 5,
    maxDwell = 600; // seconds
  let events = [];
  let visibleTime = 0,
    visibleSince = 0; // milliseconds

  const record = (event) => events.length < maxEvents && events.push(event);
  const quantityOf = (text) => Math.min(99, Math.max(1, Math.trunc(text) || 1));
  const itemOf = (element) => ({
    product: element.dataset.product,
    quantity: quantityOf(element.dataset.quantity ?? element.elements?.quantity?.value),
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

  const onAddToBasket = (element) =>
    element.dataset.product && record({ kind: "add_to_basket", ...itemOf(element) });

  // An order is sent once a tab, however often its page is looked at.
  const onPurchase = (element) => {
    const lines = [element, ...element.querySelectorAll("[data-product]")];
    const items = lines
      .filter((line) => line.dataset.product)
      .slice(0, maxEvents)
      .map(itemOf);
    const order = (element.dataset.order ?? "") + JSON.stringify(items);
    try {
      if (sessionStorage.getItem("order told") === order) return;
      sessionStorage.setItem("order told", order);
    } catch {} // storage is denied: it may be sent again
    if (items.length) record({ kind: "purchase", items });
  };

  const handlers = { add_to_basket: onAddToBasket, purchase: onPurchase };
  const onInteraction = (event) => {
    const element = event.target.closest?.("[data-signal]");
    const matches = element?.matches(event.type === "submit" ? "form" : "button, a");
    if (matches) handlers[element.dataset.signal]?.(element);
  };

  if (navigator.sendBeacon && navigator.doNotTrack !== "1" && !navigator.globalPrivacyControl) {
    document.addEventListener("click", onInteraction);
    document.addEventListener("submit", onInteraction);
    document.addEventListener("visibilitychange", () => (document.hidden ? flush() : onVisible()));
    addEventListener("pagehide", flush);
    if (!document.hidden) onVisible();
  }
}
