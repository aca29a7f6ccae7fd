// The token that a request presents, compared in constant time.

/** Say whether a request presents the token: itself, or as a password with any name. */
export function presentsToken(request: Request, token: string | undefined): boolean {
  if (token === undefined || token === "") return false;
  const encoder = new TextEncoder();
  const actual = encoder.encode(tokenIn(request.headers.get("authorization") ?? ""));
  const expected = encoder.encode(token);
  return (
    actual.byteLength === expected.byteLength && crypto.subtle.timingSafeEqual(actual, expected)
  );
}

function tokenIn(authorization: string): string {
  const [, scheme, credential = ""] = /^(Bearer|Basic) (.*)$/.exec(authorization) ?? [];
  if (scheme !== "Basic") return credential;
  try {
    return atob(credential).split(":").slice(1).join(":");
  } catch {
    return "";
  }
}
