// The way to the container: a binding on Cloudflare, an address on this machine.

import type { AssetStore } from "../assets/store.ts";
import type { Env, Limits } from "../env.ts";

export interface ContainerClient {
  readonly env: Env;
  readonly limits: Limits;
  readonly assets: AssetStore;
  /** Sends one request to the instance of the routing key; the host of its URL is ignored. */
  readonly fetch: (request: Request, routingKey: string) => Promise<Response>;
  readonly fetchInstance: (request: Request, instance: string) => Promise<Response>;
}

/** Is the host of a request that is answered with 204 where the container sleeps, and left asleep. */
export const IF_AWAKE = "if-awake.internal";

/** Return the client, null where no container is configured. */
export function createContainerClient(
  env: Env,
  limits: Limits,
  assets: AssetStore,
): ContainerClient | null {
  const { CONTAINER, CONTAINER_URL } = env;
  if (CONTAINER_URL !== undefined && CONTAINER_URL !== "") {
    const fetchUrl = (request: Request): Promise<Response> => {
      const url = new URL(request.url);
      return fetch(new Request(`${CONTAINER_URL}${url.pathname}${url.search}`, request));
    };
    return { env, limits, assets, fetch: fetchUrl, fetchInstance: fetchUrl };
  }
  if (CONTAINER === undefined) return null;
  const fetchInstance = (request: Request, instance: string): Promise<Response> =>
    CONTAINER.get(CONTAINER.idFromName(instance)).fetch(request);
  const fetchRouted = (request: Request, routingKey: string): Promise<Response> =>
    fetchInstance(request, instanceFor(routingKey, limits.instances));
  return { env, limits, assets, fetch: fetchRouted, fetchInstance };
}

/** Return a routing key's instance: requests for one shop and persona hash share a journal. */
export function instanceFor(routingKey: string, instances: number): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(routingKey)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0; // FNV-1a
  }
  return `shop-${hash % instances}`;
}
