// Match a URL's path to the part of the shop that handles it.

/** Parts of a shop: under /s/<its id>, and for the default shop at the root. */
const SHOP_PARTS = ["categories", "signals", "basket", "checkout", "forget"] as const;
const PARTS_OF_ALL = ["health", "metrics", "status"] as const;

/** A route of one shop, the default one where it names none. */
export type ShopRoute =
  | { name: "store" | (typeof SHOP_PARTS)[number]; shop?: string }
  | { name: "product"; shop?: string; id: string }
  | { name: "stream"; shop: string; page: string };

export type Route =
  | ShopRoute
  | { name: "static" | "root_file"; file: string }
  | { name: "slash"; path: string }
  | {
      name:
        | (typeof PARTS_OF_ALL)[number]
        | "picture"
        | "webhooks"
        | "root"
        | "bindings"
        | "nothing";
    };

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
  if (length === 1) return matchSingle(first);
  if (first === ".well-known" && second === "security.txt" && length === 2)
    return { name: "root_file", file: second };
  if (first === "static" && length === 2) return { name: "static", file: second };
  if (first === "products" && second !== "" && length === 2) return { name: "product", id: second };
  if (first === "pictures" && length > 2) return { name: "picture" };
  if (first === "shopify" && second === "webhooks" && length === 2) return { name: "webhooks" };
  if (first === "_bindings" && length > 1) return { name: "bindings" };
  return first === "s" ? matchShopRoute(second, third, fourth, length) : { name: "nothing" };
}

function matchSingle(segment: string): Route {
  if (segment === "") return { name: "root" };
  if (segment === "store") return { name: "store" };
  if (ROOT_FILE.test(segment)) return { name: "root_file", file: segment };
  const name = [...SHOP_PARTS, ...PARTS_OF_ALL].find((part) => part === segment);
  return { name: name ?? "nothing" };
}

function matchShopRoute(shop: string, part: string, last: string, length: number): Route {
  if (shop !== "" && length === 2) return { name: "store", shop };
  const name = SHOP_PARTS.find((known) => known === part);
  if (shop !== "" && length === 3 && name !== undefined) return { name, shop };
  if (length === 4 && part === "products" && last !== "")
    return { name: "product", shop, id: last };
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
