// What may be kept of who sends a request, decided exactly as the container does.

import type { Consent, Shop } from "../assets/store.ts";
import { wantsNoTracking } from "../same_origin.ts";
import { cookieValues } from "./cookies.ts";

/** Return what may be kept: by the shop, by what its banner was told, by the browser. */
export function consentOf(request: Request, { consent }: Shop): Consent {
  const { cookie, agreed } = consent;
  const values = cookie === "" ? [] : cookieValues(request.headers.get("cookie") ?? "", cookie);
  const hasAgreed = values.some((value) => value.includes(agreed));
  const level = hasAgreed ? "personalise" : consent.level;
  return level === "personalise" && wantsNoTracking(request) ? "essential" : level;
}

/** Say whether a shopper may be known, and what they do be written down. */
export function mayPersonalise(request: Request, shop: Shop): boolean {
  return consentOf(request, shop) === "personalise";
}
