// Session cookies: one signed cookie a shop, made and verified exactly as the container does.
//
// The value is `{shopper_id}.{expires}.{signature}`: `shop_` and 32 hex digits, seconds since the
// epoch, and HMAC-SHA256 in base64url, without padding, over `{shop_id}|{shopper_id}|{expires}`.

import { wantsNoTracking } from "../same_origin.ts";
import { COOKIES } from "../shared/constants.ts";
import { trimAscii } from "../util/whitespace.ts";

export interface Session {
  readonly shopperId: string;
  /** Whether the request carried no valid cookie. */
  readonly isFirstVisit: boolean;
  /** Whether the shopper's first visit was less than an hour ago. */
  readonly isNewShopper: boolean;
  /** A Set-Cookie header's value, where one must be sent. */
  readonly setCookie: string | null;
}

export interface VerifiedSession {
  readonly shopperId: string;
  readonly expires: number;
}

/** Say whether a cookie of that expiry was first set less than an hour ago. */
export function isNewShopper(expires: number, now: number): boolean {
  return expires - now > COOKIES.LIFETIME - COOKIES.NEW;
}

export class SessionSigner {
  readonly #key: Promise<CryptoKey>;

  constructor(secret: string) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
      "sign",
    ]);
  }

  /** Return the session of the request's cookie, a new one without. `now` is in seconds. */
  async openSession(
    request: Request,
    shopId: string,
    now: number,
    secure: boolean,
  ): Promise<Session> {
    const session = await this.verifyRequest(request, shopId, now);
    if (session !== null && session.expires - now > COOKIES.LIFETIME / 2) {
      const { shopperId, expires } = session;
      return {
        shopperId,
        isFirstVisit: false,
        isNewShopper: isNewShopper(expires, now),
        setCookie: null,
      };
    }
    const shopperId = session?.shopperId ?? newShopperId();
    const expires = Math.floor(now) + COOKIES.LIFETIME;
    const attributes = wantsNoTracking(request) ? COOKIES.UNTRACKED_ATTRIBUTES : COOKIES.ATTRIBUTES;
    const setCookie = `${await this.#cookie(shopperId, shopId, expires)}; ${attributes}${
      secure ? "; Secure" : ""
    }`;
    return { shopperId, isFirstVisit: session === null, isNewShopper: session === null, setCookie };
  }

  /** Return the session of the request's valid cookie, null where it has none. */
  async verifyRequest(
    request: Request,
    shopId: string,
    now: number,
  ): Promise<VerifiedSession | null> {
    return this.verifyHeader(request.headers.get("cookie") ?? "", shopId, now);
  }

  /** Return the session of the first cookie that is ours and not over, null without. */
  async verifyHeader(header: string, shopId: string, now: number): Promise<VerifiedSession | null> {
    for (const value of cookieValues(header, cookieName(shopId))) {
      if (value.length > COOKIES.MAX_VALUE_LENGTH) continue;
      const session = await this.verify(value, shopId);
      if (session !== null && session.expires > now) return session;
    }
    return null;
  }

  /** Return the shopper and expiry of a cookie's value, null where the signature is not ours. */
  async verify(value: string, shopId: string): Promise<VerifiedSession | null> {
    const [, shopperId, digits, signature] = COOKIES.VALUE.exec(value) ?? [];
    if (shopperId === undefined || digits === undefined || signature === undefined) return null;
    const expires = Number(digits);
    const expected = await this.sign(shopperId, shopId, expires);
    const encoder = new TextEncoder();
    const matches = crypto.subtle.timingSafeEqual(
      encoder.encode(signature),
      encoder.encode(expected),
    );
    return matches ? { shopperId, expires } : null;
  }

  async sign(shopperId: string, shopId: string, expires: number): Promise<string> {
    return this.signText(`${shopId}|${shopperId}|${expires}`);
  }

  async signText(text: string): Promise<string> {
    const message = new TextEncoder().encode(text);
    const signature = await crypto.subtle.sign("HMAC", await this.#key, message);
    const base64 = btoa(String.fromCharCode(...new Uint8Array(signature)));
    return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async #cookie(shopperId: string, shopId: string, expires: number): Promise<string> {
    const value = `${shopperId}.${expires}.${await this.sign(shopperId, shopId, expires)}`;
    return `${cookieName(shopId)}=${value}`;
  }
}

/** Return the name of a shop's cookie: no shop sees the shoppers of another. */
export function cookieName(shopId: string): string {
  return `shopper_${shopId}`;
}

/** Return the values of the cookies of a name that are looked at, in their order. */
export function cookieValues(header: string, name: string): string[] {
  if (header.length > COOKIES.MAX_HEADER_BYTES) return [];
  const prefix = `${name}=`;
  return header
    .split(";")
    .map(trimAscii)
    .filter((part) => part.startsWith(prefix))
    .map((part) => part.slice(prefix.length))
    .slice(0, COOKIES.MAX_CANDIDATES);
}

function newShopperId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `shop_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
