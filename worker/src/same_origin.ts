// Whether a request comes from one of our own pages, and whether its sender wants to be followed.

/** Say whether our page sent this: by `Sec-Fetch-Site`, in browsers without it by `Origin`. */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = request.headers.get("origin")?.toLowerCase() ?? "";
  const { host } = new URL(request.url);
  return origin === `https://${host}` || origin === `http://${host}`;
}

/** Say whether the browser asks not to be followed (Do Not Track, Global Privacy Control). */
export function wantsNoTracking({ headers }: Request): boolean {
  return headers.get("dnt") === "1" || headers.get("sec-gpc") === "1";
}
