// Which route an address has.

import { describe, expect, it } from "vitest";

import { matchRoute } from "./router.ts";

describe("an address", () => {
  it.each([
    ["/", { name: "root" }],
    ["/store", { name: "store" }],
    ["/s/corner", { name: "store", shop: "corner" }],
    ["/s/corner/stream/edge", { name: "stream", shop: "corner", page: "edge" }],
    ["/categories", { name: "categories" }],
    ["/s/corner/categories", { name: "categories", shop: "corner" }],
    ["/s/corner/categories/", { name: "slash", path: "/s/corner/categories" }],
    ["/products/oak-board", { name: "product", id: "oak-board" }],
    ["/products/caf%C3%A9%20%26%20co", { name: "product", id: "café & co" }],
    ["/s/corner/products/x", { name: "product", shop: "corner", id: "x" }],
    ["/static/shop.0123456789.css", { name: "static", file: "shop.0123456789.css" }],
    ["/pictures/demo/a.svg", { name: "picture" }],
    ["/pictures/demo/a/b/c/d.svg", { name: "picture" }],
    ["/basket", { name: "basket" }],
    ["/forget", { name: "forget" }],
    ["/s/corner/forget", { name: "forget", shop: "corner" }],
    ["/s/corner/checkout", { name: "checkout", shop: "corner" }],
    ["/health", { name: "health" }],
    ["/metrics", { name: "metrics" }],
    ["/status", { name: "status" }],
    ["/robots.txt", { name: "root_file", file: "robots.txt" }],
    ["/sitemap.xml", { name: "root_file", file: "sitemap.xml" }],
    ["/sitemap-corner-shop-12.xml", { name: "root_file", file: "sitemap-corner-shop-12.xml" }],
    ["/.well-known/security.txt", { name: "root_file", file: "security.txt" }],
    ["/_bindings/kv/key", { name: "bindings" }],
    ["/store/", { name: "slash", path: "/store" }],
    ["/s/corner/", { name: "slash", path: "/s/corner" }],
    ["/products/oak-board/", { name: "slash", path: "/products/oak-board" }],
  ])("%s", (path, route) => {
    expect(matchRoute(path)).toEqual(route);
  });

  it.each([
    "/store//",
    "/signals/",
    "/s",
    "/s/",
    "/s/corner/stream/",
    "/products",
    "/shops.json",
    "/security.txt",
    "/.well-known/robots.txt",
    "/sitemap-.xml",
    "/shops/demo/shop.json",
    "/%",
    "/s/%E0%A4%A",
    "//store",
  ])("%s is none of ours", (path) => {
    expect(matchRoute(path)).toEqual({ name: "nothing" });
  });
});
