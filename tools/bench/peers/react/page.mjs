// The shop's page as a React application draws it: the elements and classes of our templates.
import { createElement as h, Suspense } from "react";

const Frame = ({ item, first, sizes }) =>
  h(
    "div",
    { className: "frame" },
    h("img", {
      src: item.src,
      srcSet: item.srcset || undefined,
      sizes: item.srcset ? sizes : undefined,
      alt: item.alt,
      width: 800,
      height: 800,
      ...(first ? { fetchPriority: "high" } : { loading: "lazy", decoding: "async" }),
    }),
  );

const Price = ({ item }) =>
  h("p", { className: "price" }, h("span", null, h("b", null, item.price)));

const Cards = ({ items, sizes }) =>
  h(
    "ul",
    { className: "cards", role: "list" },
    items.map((item, at) =>
      h(
        "li",
        { className: "card", key: at },
        h(Frame, { item, sizes }),
        h(
          "div",
          { className: "card-text" },
          h("h3", { className: "card-title" }, h("a", { href: item.url }, item.title)),
          h(Price, { item }),
        ),
      ),
    ),
  );

const Hero = ({ props, items: [item] }) =>
  h(
    "div",
    { className: "hero" },
    h(
      "div",
      { className: "hero-copy" },
      h("p", { className: "eyebrow" }, props.eyebrow),
      h("h1", { className: "hero-headline" }, props.headline),
      h("p", { className: "hero-text" }, props.text),
      h("a", { className: "button", href: item.url }, props.link_text),
    ),
    h(
      "figure",
      { className: "hero-figure" },
      h(Frame, { item, first: true, sizes: "(min-width: 46rem) 50vw, 92vw" }),
      h(
        "figcaption",
        { className: "hero-caption" },
        h("span", { className: "hero-title" }, item.title),
        h(Price, { item }),
      ),
    ),
  );

const Chip = ({ name, href }) => h("li", null, h("a", { href }, name));

const Filters = ({ props, slot }) =>
  h(
    "div",
    { className: "ways" },
    h("h2", { className: "ways-label", id: `${slot}-title` }, props.label),
    h(
      "form",
      { className: "search", action: "/store", method: "get", role: "search" },
      h("label", { className: "visually-hidden", htmlFor: `${slot}-q` }, "Search products"),
      h("input", { id: `${slot}-q`, type: "search", name: "q", maxLength: 80 }),
      h("button", { type: "submit" }, "Search"),
    ),
    h(
      "ul",
      { className: "chips", role: "list" },
      props.categories.map((name) =>
        h(Chip, { key: name, name, href: `/store?category=${encodeURIComponent(name)}` }),
      ),
    ),
    h(
      "ul",
      { className: "sorts", role: "list" },
      ["featured", "price-asc", "price-desc", "name"].map((name) =>
        h(Chip, { key: name, name, href: `/store?sort=${name}` }),
      ),
    ),
  );

const Grid = ({ props, items, slot }) => [
  h(
    "div",
    { className: "grid-head", key: "head" },
    h("h2", { className: "heading", id: `${slot}-title` }, props.title),
    h("p", { className: "grid-text" }, props.text),
  ),
  h(Cards, { items, sizes: "(min-width: 46rem) 23vw, 46vw", key: "cards" }),
];

const Row = ({ props, items, slot }) => [
  h(
    "div",
    { className: "row-head", key: "head" },
    h("h2", { className: "heading", id: `${slot}-title` }, props.title),
  ),
  h(
    "div",
    { className: "row scroller", role: "group", tabIndex: 0, key: "row" },
    h(Cards, { items, sizes: "15rem" }),
  ),
];

const Close = ({ props }) =>
  h(
    "div",
    { className: "cta cta-plain" },
    h("h2", { className: "cta-headline" }, props.headline),
    h("p", { className: "cta-text" }, props.text),
    h(
      "p",
      null,
      h(
        "a",
        { className: "button", href: `/store?category=${encodeURIComponent(props.category)}` },
        props.link_text,
      ),
    ),
  );

const KINDS = { hero: Hero, filters: Filters, grid: Grid, recommendations: Row, cta: Close };

const json = (value) => JSON.stringify(value).replace(/</g, "\\u003c");
const Data = ({ id, value }) =>
  h("script", { type: "application/json", id, dangerouslySetInnerHTML: { __html: json(value) } });

// What the model wrote for a slot, and beside it the data that its hydration needs.
function Filled({ slot, read }) {
  const data = read(slot);
  return [
    h(Data, { id: `data-${slot}`, value: data, key: "data" }),
    h(KINDS[slot], { ...data, slot, key: "component" }),
  ];
}

const Html = ({ tag, className, html }) =>
  h(tag, { className, dangerouslySetInnerHTML: { __html: html }, suppressHydrationWarning: true });

// `setup` is what each side knows beforehand; `read` waits for what fills a slot.
export function Page({ setup, read }) {
  const { title, styles, slots } = setup;
  return h(
    "html",
    { lang: "en", dir: "ltr" },
    h(
      "head",
      null,
      h("meta", { charSet: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("title", null, title),
      styles.map((href) => h("link", { rel: "stylesheet", href, key: href })),
    ),
    h(
      "body",
      null,
      h(Data, { id: "setup", value: { title, styles, slots } }),
      h(Html, { tag: "header", className: "masthead", html: setup.header ?? "" }),
      h(
        "main",
        { id: "main" },
        slots.map(([slot, label]) =>
          h(
            "section",
            { className: "slot", "data-slot": slot, "aria-label": label, key: slot },
            h(
              Suspense,
              { fallback: h(Html, { tag: "div", html: setup.fallbacks?.[slot] ?? "" }) },
              h(Filled, { slot, read }),
            ),
          ),
        ),
      ),
      h(Html, { tag: "footer", className: "footer", html: setup.footer ?? "" }),
    ),
  );
}
