// Match a URL's path to the part of the shop that handles it.

export type Route =
  | { name: "store"; shop?: string }
  | { name: "stream"; shop: string; page: string }
  | { name: "categories"; shop?: string }
  | { name: "product"; shop?: string; id: string }
  | { name: "signals"; shop?: string }
  | { name: "basket"; shop?: string }
  | { name: "checkout"; shop?: string }
  | { name: "forget"; shop?: string }
  | { name: "static"; file: string }
  | { name: "picture" }
  | { name: "root_file"; file: string }
  | { name: "health" }
  | { name: "metrics" }
  | { name: "status" }
  | { name: "webhooks" }
  | { name: "root" }
  | { name: "slash"; path: string }
  | { name: "bindings" }
  | { name: "nothing" };

const ROOT_FILE = /^(?:robots\.txt|llms\.txt|favicon\.ico|sitemap(?:-[a-z0-9-]+-[0-9]+)?\.xml)$/;

/** Return the route of a URL's path, which is percent-encoded as in the URL. */
export function matchRoute(pathname: string): Route {
  const route = matchExactly(pathname);
  if (route.name !== "nothing" || !pathname.endsWith("/")) return route;
  const path = pathname.slice(0, -1);
  const { name } = matchExactly(path);
  return ["nothing", "bindings", "signals", "webhooks"].includes(name)
    ? route
    : { name: "slash", path };
}

function matchExactly(pathname: string): Route {
  const decoded = pathname.split("/").slice(1).map(decodeSegment);
  if (decoded.some((segment) => segment === null)) return { name: "nothing" };
  const segments = decoded as string[];
  const [first = "", second = "", third = "", fourth = ""] = segments;
  const { length } = segments;
  if (first === "" && length === 1) return { name: "root" };
  if (first === "store" && length === 1) return { name: "store" };
  if (first === "categories" && length === 1) return { name: "categories" };
  if (first === "signals" && length === 1) return { name: "signals" };
  if (first === "basket" && length === 1) return { name: "basket" };
  if (first === "checkout" && length === 1) return { name: "checkout" };
  if (first === "forget" && length === 1) return { name: "forget" };
  if (first === "health" && length === 1) return { name: "health" };
  if (first === "metrics" && length === 1) return { name: "metrics" };
  if (first === "status" && length === 1) return { name: "status" };
  if (length === 1 && ROOT_FILE.test(first)) return { name: "root_file", file: first };
  if (first === ".well-known" && second === "security.txt" && length === 2)
    return { name: "root_file", file: second };
  if (first === "static" && length === 2) return { name: "static", file: second };
  if (first === "products" && second !== "" && length === 2) return { name: "product", id: second };
  if (first === "pictures" && length > 2) return { name: "picture" };
  if (first === "shopify" && second === "webhooks" && length === 2) return { name: "webhooks" };
  if (first === "_bindings" && length > 1) return { name: "bindings" };
  return first === "s" ? matchShopRoute(second, third, fourth, length) : { name: "nothing" };
}

function matchShopRoute(shop: string, part: string, last: string, length: number): Route {
  if (shop !== "" && length === 2) return { name: "store", shop };
  if (shop !== "" && length === 3 && part === "categories") return { name: "categories", shop };
  if (shop !== "" && length === 3 && part === "signals") return { name: "signals", shop };
  if (shop !== "" && length === 3 && part === "basket") return { name: "basket", shop };
  if (shop !== "" && length === 3 && part === "checkout") return { name: "checkout", shop };
  if (shop !== "" && length === 3 && part === "forget") return { name: "forget", shop };
  if (length === 4 && part === "products" && last !== "") return { name: "product", shop, id: last };
  if (length === 4 && part === "stream" && last !== "") return { name: "stream", shop, page: last };
  return { name: "nothing" };
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
