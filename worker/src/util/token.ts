// The token that a request presents, compared in constant time.

import { isEqual } from "./hmac.ts";

/** Say whether a request presents the token: itself, or as a password with any name. */
export function presentsToken(request: Request, token: string | undefined): boolean {
  if (token === undefined || token === "") return false;
  return isEqual(tokenIn(request.headers.get("authorization") ?? ""), token);
}

function tokenIn(authorization: string): string {
  const [, scheme, credential = ""] = /^(Bearer|Basic) (.*)$/i.exec(authorization) ?? [];
  if (scheme?.toLowerCase() !== "basic") return credential;
  try {
    const bytes = Uint8Array.from(atob(credential), (sign) => sign.charCodeAt(0));
    return new TextDecoder().decode(bytes).split(":").slice(1).join(":");
  } catch {
    return "";
  }
}
