// The designed page for what is not there.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";

export async function answerMissing(context: RequestContext, shop: Shop | null): Promise<Response> {
  const known = shop ?? (await context.assets.shop());
  const page = known && (await context.assets.page(known, "not-found.html"));
  const headers = new Headers({ ...known?.headers, "x-wandstore-page": "fallback", "cache-control": "no-cache" });
  return new Response(page?.body ?? null, { status: 404, headers });
}
