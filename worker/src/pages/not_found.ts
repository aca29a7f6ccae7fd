// 404: the shop's designed page for an address where nothing is.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { pageHeaders } from "./store.ts";

/** Return the shop's 404 page, the default shop's where the address names none. */
export async function handleNotFound(
  context: RequestContext,
  shop: Shop | null,
): Promise<Response> {
  const owner = shop ?? (await context.assets.shop());
  const page = owner && (await context.assets.page(owner, "not-found.html"));
  const headers = pageHeaders(owner, "fallback", "no-cache");
  return new Response(page?.body ?? null, { status: 404, headers });
}
