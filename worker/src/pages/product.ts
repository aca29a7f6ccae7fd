// GET a product's page, as it was published.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { PRERENDER } from "../shared/constants.ts";
import { sha256Hex } from "../util/sha256.ts";
import { handleNotFound } from "./not_found.ts";
import { pageHeaders } from "./store.ts";

export async function handleProduct(
  context: RequestContext,
  shop: Shop,
  id: string,
): Promise<Response> {
  const hash = await sha256Hex(id.normalize("NFC"));
  const name = hash.slice(0, PRERENDER.NAME_DIGITS);
  const page = await context.assets.page(shop, `products/${name}.html`);
  if (page === null) return handleNotFound(context, shop);
  return new Response(page.body, { headers: pageHeaders(shop, "fallback", "no-cache") });
}
