// The headers of what is not a page, as the container sends them; a page's come with its shop.

const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "strict-origin-when-cross-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
};

/** The headers of anything that is not a page: it may not act as one. */
export function fileHeaders(more: Readonly<Record<string, string>>): Headers {
  return new Headers({ "content-security-policy": "default-src 'none'; sandbox", ...ALWAYS, ...more });
}

export function plainText(text: string, status: number, more: Readonly<Record<string, string>> = {}): Response {
  const headers = fileHeaders({ "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...more });
  return new Response(`${text}\n`, { status, headers });
}

export function json(value: unknown, status = 200, more: Readonly<Record<string, string>> = {}): Response {
  const headers = fileHeaders({ "content-type": "application/json", "cache-control": "no-store", ...more });
  return new Response(JSON.stringify(value), { status, headers });
}
