// Who is visiting: a signed cookie a shop, made and verified exactly as the container does.
//
// The value is `{shopper_id}.{expires}.{signature}`: `shop_` and 32 hex digits, seconds since the
// epoch, and HMAC-SHA256 in base64url, without padding, over `{shop_id}|{shopper_id}|{expires}`.

/** Seconds a cookie is good for; it is set anew when half of that is over. */
export const LIFETIME = 180 * 24 * 3600;

/** Seconds for which a shopper counts as new: they are cheap to invent. */
const NEW = 3600;

const VALUE = /^(shop_[0-9a-f]{32})\.([1-9]\d{0,11})\.([A-Za-z0-9_-]{43})$/;
const LONGEST_HEADER = 8192;
const LONGEST_VALUE = 128;

export interface Visitor {
  readonly shopperId: string;
  /** Whether the shopper has not been here before, as far as a cookie can tell. */
  readonly first: boolean;
  /** Whether they first came less than an hour ago. */
  readonly isNew: boolean;
  /** A Set-Cookie header's value, where one must be sent. */
  readonly setCookie: string | null;
}

export interface Signed {
  readonly shopperId: string;
  readonly expires: number;
}

/** Whether a cookie that is good until then was first set less than an hour ago. */
export function isNew(expires: number, now: number): boolean {
  return expires - now > LIFETIME - NEW;
}

export class Identities {
  readonly #key: Promise<CryptoKey>;

  constructor(secret: string) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["sign"]);
  }

  /** Returns who the cookie says it is; a bad or missing one makes a new shopper. `now` is in seconds. */
  async visitor(request: Request, shopId: string, now: number, secure: boolean): Promise<Visitor> {
    const known = await this.known(request, shopId, now);
    if (known !== null && known.expires - now > LIFETIME / 2) {
      return { shopperId: known.shopperId, first: false, isNew: isNew(known.expires, now), setCookie: null };
    }
    const shopperId = known?.shopperId ?? newShopperId();
    const setCookie = await this.#cookie(shopperId, shopId, Math.floor(now) + LIFETIME, secure);
    return { shopperId, first: known === null, isNew: known === null, setCookie };
  }

  /** Returns the shopper of a valid cookie, null where there is none. */
  async known(request: Request, shopId: string, now: number): Promise<Signed | null> {
    const value = readCookie(request.headers.get("cookie") ?? "", cookieName(shopId));
    if (value.length === 0 || value.length > LONGEST_VALUE) return null;
    const signed = await this.verify(value, shopId);
    return signed !== null && signed.expires > now ? signed : null;
  }

  /** Returns what a value says that we have signed, null where we have not. */
  async verify(value: string, shopId: string): Promise<Signed | null> {
    const [, shopperId, digits, signature] = VALUE.exec(value) ?? [];
    if (shopperId === undefined || digits === undefined || signature === undefined) return null;
    const expires = Number(digits);
    const ours = await this.sign(shopperId, shopId, expires);
    const encoder = new TextEncoder();
    const same = crypto.subtle.timingSafeEqual(encoder.encode(signature), encoder.encode(ours));
    return same ? { shopperId, expires } : null;
  }

  async sign(shopperId: string, shopId: string, expires: number): Promise<string> {
    const message = new TextEncoder().encode(`${shopId}|${shopperId}|${expires}`);
    const signature = await crypto.subtle.sign("HMAC", await this.#key, message);
    const text = btoa(String.fromCharCode(...new Uint8Array(signature)));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async #cookie(shopperId: string, shopId: string, expires: number, secure: boolean): Promise<string> {
    const value = `${shopperId}.${expires}.${await this.sign(shopperId, shopId, expires)}`;
    const ending = secure ? "; Secure" : "";
    return `${cookieName(shopId)}=${value}; Path=/; Max-Age=${LIFETIME}; HttpOnly; SameSite=Lax${ending}`;
  }
}

/** The name of a shop's cookie: shoppers of one shop are strangers to another. */
export function cookieName(shopId: string): string {
  return `shopper_${shopId}`;
}

export function readCookie(header: string, name: string): string {
  if (header.length > LONGEST_HEADER) return "";
  const wanted = `${name}=`;
  const found = header.split(";").map((part) => part.trim()).find((part) => part.startsWith(wanted));
  return found?.slice(wanted.length) ?? "";
}

function newShopperId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `shop_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
