// Which part of the shop an address asks for.

export type Route =
  | { to: "store"; shop?: string }
  | { to: "stream"; shop: string }
  | { to: "product"; shop?: string; id: string }
  | { to: "signals"; shop?: string }
  | { to: "static"; name: string }
  | { to: "picture"; shop: string; name: string }
  | { to: "health" }
  | { to: "root" }
  | { to: "bindings" }
  | { to: "nothing" };

/** Reads a URL's path, as it is written there: percent signs and all. */
export function routeOf(pathname: string): Route {
  const parts = pathname.split("/").slice(1).map(decoded);
  if (parts.some((part) => part === null)) return { to: "nothing" };
  const [first = "", second = "", third = "", fourth = "", ...more] = parts as string[];
  const rest = parts.length;
  if (first === "" && rest === 1) return { to: "root" };
  if (first === "store" && rest === 1) return { to: "store" };
  if (first === "signals" && rest === 1) return { to: "signals" };
  if (first === "health" && rest === 1) return { to: "health" };
  if (first === "static" && rest === 2) return { to: "static", name: second };
  if (first === "products" && rest === 2) return { to: "product", id: second };
  if (first === "pictures" && rest > 2) {
    return { to: "picture", shop: second, name: [third, fourth, ...more].slice(0, rest - 2).join("/") };
  }
  if (first === "_bindings" && rest > 1) return { to: "bindings" };
  return first === "s" ? inShop(second, third, fourth, rest) : { to: "nothing" };
}

function inShop(shop: string, part: string, name: string, length: number): Route {
  if (shop !== "" && length === 2) return { to: "store", shop };
  if (shop !== "" && length === 3 && part === "signals") return { to: "signals", shop };
  if (length === 4 && part === "products") return { to: "product", shop, id: name };
  if (length === 4 && part === "stream" && name !== "") return { to: "stream", shop };
  return { to: "nothing" };
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
