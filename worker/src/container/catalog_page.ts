// A page of the catalog that was not published, drawn by the container if it answers in time.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { withTimeout } from "../util/timeout.ts";
import { authorization } from "./generate.ts";

/** Return the container's response where it is a page of this type; null where it is late or none. */
export async function fetchCatalogPage(
  { container, env, limits, request, url }: RequestContext,
  shop: Shop,
  path: string,
  type: string,
): Promise<Response | null> {
  if (container === null) return null;
  const timeout = new AbortController();
  const signal = AbortSignal.any([request.signal, timeout.signal]);
  const headers = { accept: type, ...authorization(env) };
  const address = `http://container.internal/s/${shop.id}${path}${url.search}`;
  try {
    const response = await withTimeout(
      limits.searchMs,
      container.fetch(new Request(address, { headers, signal }), `${shop.id}|search`),
    );
    const fits = response.headers.get("content-type")?.startsWith(type) ?? false;
    if (response.status === 200 && fits) return response;
    await response.body?.cancel();
    return null;
  } catch {
    timeout.abort();
    return null;
  }
}
