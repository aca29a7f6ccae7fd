// The basket in its signed cookie, read as the container writes it.
//
// The value is `{payload}.{signature}`: a JSON list of [product, variant, quantity, hundredths,
// currency, slot, page] in base64url, and HMAC-SHA256 over `basket|{shop_id}|{payload}`.

import { BASKET_COOKIE } from "../shared/constants.ts";
import { cookieNames, cookieValues, type SessionSigner } from "./cookies.ts";

const FIELDS = 7;

export type BasketLine = readonly [
  product: string,
  variant: string,
  quantity: number,
  cents: number,
  currency: string,
  slot: string,
  page: string,
];

/** Return the lines of the first basket that is ours, none where there is none. */
export async function readBasket(
  cookieHeader: string,
  shopId: string,
  signer: SessionSigner,
): Promise<readonly BasketLine[]> {
  const names = cookieNames(shopId, "basket");
  for (const value of names.flatMap((name) => cookieValues(cookieHeader, name))) {
    const [, payload, signature] = BASKET_COOKIE.VALUE.exec(value) ?? [];
    if (payload === undefined || signature === undefined) continue;
    const place = await signer.signerOf(`basket|${shopId}|${payload}`, signature);
    if (place !== -1) return parseLines(payload);
  }
  return [];
}

/** Return for products where they were shown, `page/slot`, as far as that is known. */
export function originsOf(lines: readonly BasketLine[]): ReadonlyMap<string, string> {
  const shown = lines.filter(([, , , , , , page]) => page !== "").reverse();
  return new Map(shown.map(([product, , , , , slot, page]) => [product, `${page}/${slot}`]));
}

function parseLines(payload: string): BasketLine[] {
  const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (sign) => sign.charCodeAt(0));
  const lines = JSON.parse(new TextDecoder().decode(bytes)) as BasketLine[];
  return lines.every((line) => line.length === FIELDS) ? lines : [];
}
