// Tells the shop what was looked at, once the page is hidden or left. Before that, nothing goes out.
// A merchant's own basket and checkout speak through data-signal: docs/signals.md.
{
  const { to, product, category, sort } = document.currentScript.dataset;
  const most = 20; // events a message, and products an order
  const shortest = 5, longest = 600; // seconds of a dwell
  let events = [];
  let looked = 0, since = 0; // milliseconds

  const note = (event) => events.length < most && events.push(event);
  const whole = (text) => Math.min(99, Math.max(1, Math.trunc(text) || 1));
  const item = (element) => ({
    product: element.dataset.product,
    quantity: whole(element.dataset.quantity ?? element.elements?.quantity?.value),
  });

  const see = () => {
    since = performance.now();
    if (looked) return;
    looked = 1;
    if (product) note({ kind: "view", product });
    if (category || sort) note({ kind: "filter", category, sort });
    document.querySelectorAll("[data-signal=purchase]:not(form, button, a)").forEach(buy);
  };

  const tell = () => {
    looked += since && performance.now() - since;
    since = 0;
    const seconds = Math.min(longest, Math.floor(looked / 1000));
    if (product && seconds >= shortest) {
      note({ kind: "dwell", product, seconds });
      looked = 1;
    }
    if (!events.length) return;
    const message = new Blob([JSON.stringify({ events })], { type: "application/json" });
    if (navigator.sendBeacon(to, message)) events = [];
  };

  const put = (element) => element.dataset.product && note({ kind: "add_to_basket", ...item(element) });

  // An order is told once a tab, however often its page is looked at.
  const buy = (element) => {
    const lines = [element, ...element.querySelectorAll("[data-product]")];
    const items = lines.filter((line) => line.dataset.product).slice(0, most).map(item);
    const order = (element.dataset.order ?? "") + JSON.stringify(items);
    try {
      if (sessionStorage.getItem("order told") === order) return;
      sessionStorage.setItem("order told", order);
    } catch {} // storage is denied: it may be told again
    if (items.length) note({ kind: "purchase", items });
  };

  const verbs = { add_to_basket: put, purchase: buy };
  const hear = (event) => {
    const element = event.target.closest?.("[data-signal]");
    const meant = element?.matches(event.type === "submit" ? "form" : "button, a");
    if (meant) verbs[element.dataset.signal]?.(element);
  };

  if (navigator.sendBeacon && navigator.doNotTrack !== "1" && !navigator.globalPrivacyControl) {
    document.addEventListener("click", hear);
    document.addEventListener("submit", hear);
    document.addEventListener("visibilitychange", () => (document.hidden ? tell() : see()));
    addEventListener("pagehide", tell);
    if (!document.hidden) see();
  }
}
