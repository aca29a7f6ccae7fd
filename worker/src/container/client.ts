// The container, wherever it is: a binding on Cloudflare, an address on this machine.

import type { Env, Limits } from "../env.ts";

/** Sends one request to the container that `place` chooses; its URL's host means nothing. */
export type Upstream = (request: Request, place: string) => Promise<Response>;

/** Returns the way to the container, null where there is none. */
export function upstreamOf(env: Env, limits: Limits): Upstream | null {
  const { CONTAINER, CONTAINER_URL } = env;
  if (CONTAINER_URL !== undefined && CONTAINER_URL !== "") {
    return (request) => {
      const url = new URL(request.url);
      return fetch(new Request(`${CONTAINER_URL}${url.pathname}${url.search}`, request));
    };
  }
  if (CONTAINER === undefined) return null;
  return (request, place) => CONTAINER.get(CONTAINER.idFromName(instanceFor(place, limits.instances))).fetch(request);
}

/** Returns the instance where all meet who ask for the like: one journal a shop and persona hash. */
export function instanceFor(place: string, instances: number): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(place)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0; // FNV-1a
  }
  return `shop-${hash % instances}`;
}
