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

export const selectors = (css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const walk = (rules) =>
    [...rules].flatMap((rule) => [
      ...(rule.selectorText ? [rule.selectorText] : []),
      ...(rule.cssRules ? walk(rule.cssRules) : []),
    ]);
  return [...new Set(walk(sheet.cssRules))];
};

const used = (page, selector) => {
  try {
    return Boolean(page.querySelector(selector.replace(STATEFUL, "") || "*"));
  } catch {
    return true;
  }
};

const load = (frame, address) =>
  new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${address} did not load`)), 20000);
    frame.onload = () => {
      clearTimeout(timer);
      done(frame.contentDocument);
    };
    frame.src = address;
  });

const alternatives = (page) =>
  [...page.querySelectorAll("img")].flatMap((image) => {
    const name = (image.getAttribute("src") ?? "").split("/").pop();
    if (!image.hasAttribute("alt")) return [`${name} has no alt`];
    return image.alt.trim() === "" && !image.closest("[aria-hidden=true]")
      ? [`${name} has an empty alt`]
      : [];
  });

const rules = async (world, whole) => {
  const found = await world.axe.run(whole ? world.document : world.document.querySelector("main"), {
    resultTypes: ["violations"],
    rules: Object.fromEntries((whole ? [] : NOT_ALONE).map((name) => [name, { enabled: false }])),
  });
  return found.violations.map((item) => ({
    kind: item.id === "color-contrast" ? "contrast" : "axe",
    level: item.impact === "serious" || item.impact === "critical" ? "wrong" : "note",
    text: `${item.help} (${item.id}): ${item.nodes
      .map((node) => node.target.join(" "))
      .slice(0, 3)
      .join(", ")}`,
  }));
};

export const examine = async (frame, { component, state, of }, unused, axe) => {
  const findings = [];
  for (const theme of ["light", "dark"]) {
    const address = `/design/frame/${component}?${new URLSearchParams({ state, theme, motion: "reduced" })}`;
    const page = await load(frame, `${address}${axe ? "&examined" : ""}`);
    for (const selector of unused) if (used(page, selector)) unused.delete(selector);
    const seen =
      theme === "light"
        ? alternatives(page).map((text) => ({ kind: "alt", level: "wrong", text }))
        : [];
    const broken =
      axe && frame.contentWindow.axe ? await rules(frame.contentWindow, of === "pages") : [];
    findings.push(...[...seen, ...broken].map((item) => ({ component, state, theme, ...item })));
  }
  return findings;
};
