// Looks at states one by one in a frame of the shop's own: axe, alternatives, and which styles are used.
const STATEFUL =
  /::?(hover|focus-visible|focus-within|focus|active|visited|before|after|placeholder|marker|selection|first-line|first-letter)\b/g;
// What no component can satisfy alone, and every whole page must.
const NOT_ALONE = [
  "region",
  "page-has-heading-one",
  "landmark-one-main",
  "heading-order",
  "bypass",
];

/** @typedef {{ component: string, state: string, of: string }} State */
/** @typedef {{ theme: string, kind: string, level: string, text: string }} Problem */
/** @typedef {Problem & { component: string, state: string }} Finding */

export const selectors = (/** @type {string} */ css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  /** @returns {string[]} */
  const walk = (/** @type {CSSRuleList} */ rules) =>
    [...rules].flatMap((rule) => [
      ...(rule instanceof CSSStyleRule ? [rule.selectorText] : []),
      ...("cssRules" in rule && rule.cssRules instanceof CSSRuleList ? walk(rule.cssRules) : []),
    ]);
  return [...new Set(walk(sheet.cssRules))];
};

/** @param {Document} page @param {string} selector */
const isUsed = (page, selector) => {
  try {
    return Boolean(page.querySelector(selector.replace(STATEFUL, "") || "*"));
  } catch {
    return true;
  }
};

/**
 * @template T
 * @param {string} address
 * @param {Promise<T>} loading
 * @returns {Promise<T>}
 */
const inTime = (address, loading) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${address} did not load`)), 20000);
    loading.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/**
 * @param {HTMLIFrameElement} frame
 * @param {string} address
 * @returns {Promise<Document>}
 */
const load = async (frame, address) => {
  const loading = new Promise((resolve) => {
    frame.onload = resolve;
  });
  frame.src = address;
  await inTime(address, loading);
  if (!frame.contentDocument) throw new Error(`${address} did not load`);
  return frame.contentDocument;
};

// What is something else, or does something else, where it has been parsed apart from its frame.
const PARTICULAR =
  "script:not([src='/design/axe.js']), noscript, template, iframe, object, embed, audio, video";
const STYLES = "link[rel~=stylesheet], style";

const stylesOf = (/** @type {Document} */ page) =>
  [...page.querySelectorAll(STYLES)].map((style) => style.outerHTML).join();

const loaded = (/** @type {HTMLImageElement} */ image) =>
  new Promise((resolve) => {
    if (image.complete || image.loading === "lazy") resolve(null);
    else image.onload = image.onerror = resolve;
  });

/**
 * Shows an address in place of another. Where both have the same styles, these and axe stay: loading
 * them again, and axe running cold, takes as long as all that axe does.
 * @param {HTMLIFrameElement} frame
 * @param {string} address
 * @returns {Promise<Document>}
 */
const show = async (frame, address) => {
  const page = frame.contentDocument;
  if (!page?.querySelector("link[data-styles]")) return load(frame, address);
  const html = await (await fetch(address, { cache: "no-store" })).text();
  const next = new DOMParser().parseFromString(html, "text/html");
  const isAlike = stylesOf(next) === stylesOf(page) && !next.querySelector(PARTICULAR);
  if (!isAlike || page.querySelector(PARTICULAR)) return load(frame, address);
  const root = page.documentElement;
  for (const name of root.getAttributeNames()) root.removeAttribute(name);
  for (const { name, value } of next.documentElement.attributes) root.setAttribute(name, value);
  const others = `:not(${STYLES}, script)`;
  for (const other of page.head.querySelectorAll(others)) other.remove();
  for (const other of next.head.querySelectorAll(others))
    page.head.append(page.importNode(other, true));
  page.body.replaceWith(page.importNode(next.body, true));
  page.defaultView?.scrollTo(0, 0);
  await inTime(address, Promise.all([...page.images].map(loaded)));
  return page;
};

const missingAlternatives = (/** @type {Document} */ page) =>
  [...page.querySelectorAll("img")].flatMap((image) => {
    const name = (image.getAttribute("src") ?? "").split("/").pop();
    if (!image.hasAttribute("alt")) return [`${name} has no alt`];
    return image.alt.trim() === "" && !image.closest("[aria-hidden=true]")
      ? [`${name} has an empty alt`]
      : [];
  });

// What a theme's colours have a part in: all else is the same in both, and said once.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * @param {Axe} axe
 * @param {Document} page
 * @param {boolean} whole
 * @param {"light" | "dark"} theme
 * @returns {Promise<Problem[]>}
 */
const axeProblems = async (axe, page, whole, theme) => {
  const disabled = whole ? [] : NOT_ALONE;
  page.documentElement.dataset.designTheme = theme;
  const found = await axe.run((whole ? null : page.querySelector("main")) ?? page, {
    resultTypes: ["violations"],
    ...(theme === "dark"
      ? { runOnly: OF_COLOURS }
      : { rules: Object.fromEntries(disabled.map((name) => [name, { enabled: false }])) }),
  });
  return found.violations.map((item) => {
    const places = item.nodes.map((node) => node.target.join(" ")).slice(0, 3);
    return {
      theme: OF_COLOURS.includes(item.id) ? theme : "",
      kind: item.id === "color-contrast" ? "contrast" : "axe",
      level: item.impact === "serious" || item.impact === "critical" ? "wrong" : "note",
      text: `${item.help} (${item.id}): ${places.join(", ")}`,
    };
  });
};

/**
 * Returns what is wrong with a state in both themes; takes the selectors it uses from `unused`.
 * @param {HTMLIFrameElement} frame
 * @param {State} state
 * @param {Set<string>} unused
 * @param {boolean} withAxe
 * @returns {Promise<Finding[]>}
 */
export const examine = async (frame, { component, state, of }, unused, withAxe) => {
  const query = new URLSearchParams({ state, motion: "reduced" });
  const address = `/design/frame/${component}?${query}${withAxe ? "&examined" : ""}`;
  const page = await show(frame, address);
  for (const selector of unused) if (isUsed(page, selector)) unused.delete(selector);
  const texts = missingAlternatives(page);
  const problems = texts.map((text) => ({ theme: "", kind: "alt", level: "wrong", text }));
  const axe = withAxe && page.defaultView?.axe;
  if (axe) {
    problems.push(...(await axeProblems(axe, page, of === "pages", "light")));
    problems.push(...(await axeProblems(axe, page, of === "pages", "dark")));
  }
  return problems.map((problem) => ({ component, state, ...problem }));
};
