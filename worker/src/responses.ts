// Responses that are not a page, with the container's headers; a page's come with its shop.

import { HEADERS } from "./shared/constants.ts";

/** Return the headers of anything that is not a page: a sandbox, so that it cannot act as one. */
export function fileHeaders(
  extraHeaders: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...HEADERS.FILE_HEADERS, ...extraHeaders };
}

/** Return an answer of our own protocols (docs/bindings.md) that a status says all of. */
export function empty(status: number): Response {
  return new Response(null, { status });
}

export function plainText(
  text: string,
  status: number,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const headers = fileHeaders({
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    ...extraHeaders,
  });
  return new Response(`${text}\n`, { status, headers });
}

export function json(
  value: unknown,
  status = 200,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const headers = fileHeaders({
    "content-type": "application/json",
    "cache-control": "no-store",
    ...extraHeaders,
  });
  return new Response(JSON.stringify(value), { status, headers });
}
