// GET a product's page, as published.

import type { Shop } from "../published/published";
import { hexDigest } from "../shoppers/page_key";
import type { Visit } from "../visit";
import { answerMissing } from "./missing";
import { pageHeaders } from "./store";

export async function answerProduct(visit: Visit, shop: Shop, id: string): Promise<Response> {
  const page = await visit.published.page(shop, `products/${(await hexDigest(id)).slice(0, 32)}.html`);
  if (page === null) return answerMissing(visit, shop);
  return new Response(page.body, { headers: pageHeaders(shop, "fallback", "no-cache") });
}
