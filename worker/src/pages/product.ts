// GET a product's page, as published.

import { sha256Hex } from "../util/sha256.ts";
import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { answerMissing } from "./not_found.ts";
import { pageHeaders } from "./store.ts";

export async function answerProduct(context: RequestContext, shop: Shop, id: string): Promise<Response> {
  const page = await context.assets.page(shop, `products/${(await sha256Hex(id)).slice(0, 32)}.html`);
  if (page === null) return answerMissing(context, shop);
  return new Response(page.body, { headers: pageHeaders(shop, "fallback", "no-cache") });
}
