// Addresses, and what is there.

import { describe, expect, it } from "vitest";

import { routeOf } from "./router.ts";

describe("an address", () => {
  it.each([
    ["/", { to: "root" }],
    ["/store", { to: "store" }],
    ["/s/corner", { to: "store", shop: "corner" }],
    ["/s/corner/stream/edge", { to: "stream", shop: "corner" }],
    ["/products/oak-board", { to: "product", id: "oak-board" }],
    ["/products/caf%C3%A9%20%26%20co", { to: "product", id: "café & co" }],
    ["/s/corner/products/x", { to: "product", shop: "corner", id: "x" }],
    ["/static/shop.0123456789.css", { to: "static", name: "shop.0123456789.css" }],
    ["/pictures/demo/a.svg", { to: "picture", shop: "demo", name: "a.svg" }],
    ["/pictures/demo/a/b/c/d.svg", { to: "picture", shop: "demo", name: "a/b/c/d.svg" }],
    ["/health", { to: "health" }],
    ["/_bindings/kv/key", { to: "bindings" }],
  ])("%s", (path, route) => {
    expect(routeOf(path)).toEqual(route);
  });

  it.each(["/store/", "/s", "/s/", "/s/corner/", "/s/corner/stream/", "/products", "/shops.json", "/shops/demo/shop.json", "/%", "/s/%E0%A4%A", "//store"])(
    "%s is none of ours",
    (path) => {
      expect(routeOf(path)).toEqual({ to: "nothing" });
    },
  );
});
