// HMAC-SHA256 with a secret, and texts compared in constant time.

const encoder = new TextEncoder();

export async function importSecret(secret: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
}

/** Return the signature of a message. */
export async function sign(key: CryptoKey, message: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof message === "string" ? encoder.encode(message) : message;
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
}

export function isEqual(actual: string, expected: string): boolean {
  const [a, b] = [encoder.encode(actual), encoder.encode(expected)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}
