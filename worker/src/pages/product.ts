// GET a product's page, as it was published: one file, or the lines of its variants' pages.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { HTTP_BODY, PRERENDER } from "../shared/constants.ts";
import { sha256Hex } from "../util/sha256.ts";
import { fieldsOf } from "./listing_query.ts";
import { handleNotFound } from "./not_found.ts";
import { publishedPage } from "./store.ts";

/** The page of each variant is the numbers of its lines; `usual` is shown for no other. */
interface VariantPages {
  readonly usual: string;
  readonly lines: readonly string[];
  readonly variants: Readonly<Record<string, readonly number[]>>;
}

export async function handleProduct(
  context: RequestContext,
  shop: Shop,
  id: string,
): Promise<Response> {
  const hash = await sha256Hex(id.normalize("NFC"));
  const name = `products/${hash.slice(0, PRERENDER.NAME_DIGITS)}`;
  const { assets, url } = context;
  const page = await assets.page(shop, `${name}.html`);
  if (page !== null) return publishedPage(context, shop, page);
  const pages = await assets.page(shop, `${name}.json`);
  if (pages === null) return handleNotFound(context, shop);
  const html = variantPage(await pages.json(), variantIn(url.search));
  const etag = `"${(await sha256Hex(html)).slice(0, HTTP_BODY.ETAG_DIGITS)}"`;
  return publishedPage(context, shop, new Response(html, { headers: { etag } }));
}

function variantPage({ usual, lines, variants }: VariantPages, id: string): string {
  const page = variants[Object.hasOwn(variants, id) ? id : usual] ?? [];
  return page.map((line) => lines[line]).join("");
}

/** Return the id of the variant that an address names, by the container's rules. */
function variantIn(search: string): string {
  const named = fieldsOf(search)
    .getAll("variant")
    .filter((value) => value !== "");
  return (named.at(-1) ?? "").normalize("NFC");
}
