// Session cookies: one signed cookie a shop, made and verified exactly as the container does.
//
// The value is `{shopper_id}.{expires}.{signature}`: `shop_` and 32 hex digits, seconds since the
// epoch, and HMAC-SHA256 in base64url, without padding, over `{shop_id}|{shopper_id}|{expires}`.

import { COOKIES } from "../shared/constants.ts";
import { importSecret, isEqual, sign } from "../util/hmac.ts";
import { remembered } from "../util/remembered.ts";
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
  /** Whether it is signed with the secret of today. */
  readonly isCurrent: boolean;
}

/** Say whether a cookie of that expiry was first set less than an hour ago. */
export function isNewShopper(expires: number, now: number): boolean {
  return expires - now > COOKIES.LIFETIME - COOKIES.NEW;
}

/** Signs with one secret; what earlier ones have signed is verified too, and then replaced. */
export class SessionSigner {
  readonly #signatures: readonly ((text: string) => Promise<string>)[];

  constructor(secret: string, earlier: readonly string[] = []) {
    this.#signatures = [secret, ...earlier].map(signaturesBy);
  }

  /**
   * Return the session of the request's cookie, a new one without. `now` is in seconds. A cookie
   * that is not `lasting` ends with the browser's session.
   */
  async openSession(
    request: Request,
    shopId: string,
    now: number,
    lasting = true,
  ): Promise<Session> {
    const session = await this.verifyRequest(request, shopId, now);
    const isNew = session === null || isNewShopper(session.expires, now);
    const isFresh = session !== null && session.expires - now > COOKIES.LIFETIME / 2;
    if (isFresh && session.isCurrent) {
      const { shopperId } = session;
      return { shopperId, isFirstVisit: false, isNewShopper: isNew, setCookie: null };
    }
    const shopperId = session?.shopperId ?? newShopperId();
    const expires = isFresh ? session.expires : Math.floor(now) + COOKIES.LIFETIME;
    const attributes = lasting ? COOKIES.ATTRIBUTES : COOKIES.UNTRACKED_ATTRIBUTES;
    const secure = new URL(request.url).protocol === "https:";
    const name = cookieNames(shopId)[secure ? 0 : 1];
    const value = `${shopperId}.${expires}.${await this.sign(shopperId, shopId, expires)}`;
    const setCookie = `${name}=${value}; ${attributes}${secure ? "; Secure" : ""}`;
    return { shopperId, isFirstVisit: session === null, isNewShopper: isNew, setCookie };
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
    for (const value of cookieNames(shopId).flatMap((name) => cookieValues(header, name))) {
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
    const signer = await this.signerOf(signedText(shopperId, shopId, expires), signature);
    return signer === -1 ? null : { shopperId, expires, isCurrent: signer === 0 };
  }

  /** Return which secret has signed a text: 0 for today's, then the earlier ones, -1 for none. */
  async signerOf(text: string, signature: string): Promise<number> {
    for (const [place, signatureOf] of this.#signatures.entries())
      if (isEqual(signature, await signatureOf(text))) return place;
    return -1;
  }

  async sign(shopperId: string, shopId: string, expires: number): Promise<string> {
    return this.signText(signedText(shopperId, shopId, expires));
  }

  async signText(text: string): Promise<string> {
    return (await this.#signatures[0]?.(text)) ?? "";
  }
}

function signedText(shopperId: string, shopId: string, expires: number): string {
  return `${shopId}|${shopperId}|${expires}`;
}

/** Return what signs texts with a secret: a shopper's cookie comes with every request of theirs. */
function signaturesBy(secret: string): (text: string) => Promise<string> {
  const key = importSecret(secret);
  return remembered(async (text) => {
    const signature = await sign(await key, text);
    return signature.toBase64({ alphabet: "base64url", omitPadding: true });
  }, 512);
}

/**
 * Return the names of a shop's cookie, over https and else: no shop sees the shoppers of another.
 * One that is named for the host goes before others.
 */
export function cookieNames(shopId: string, kind = "shopper"): [ofHost: string, plain: string] {
  const plain = `${kind}_${shopId}`;
  return [COOKIES.OF_HOST + plain, plain];
}

/**
 * Parts cookies; several header lines are one here, with commas between them. What is named for the
 * host follows no comma: that may be in the value of a cookie that a neighbour has set.
 */
const SEPARATOR = /;|, (?=(?!__Host-)[\w-]+=)/;

/** Return the values of the cookies of a name that are looked at, in their order. */
export function cookieValues(header: string, name: string): string[] {
  if (header.length > COOKIES.MAX_HEADER_BYTES) return [];
  const prefix = `${name}=`;
  return header
    .split(SEPARATOR)
    .map(trimAscii)
    .filter((part) => part.startsWith(prefix))
    .map((part) => part.slice(prefix.length))
    .slice(0, COOKIES.MAX_CANDIDATES);
}

function newShopperId(): string {
  return `shop_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
}
