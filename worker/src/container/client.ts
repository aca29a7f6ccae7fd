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
  readonly instances: readonly string[];
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
      return fetch(`${CONTAINER_URL}${url.pathname}${url.search}`, request);
    };
    return { env, limits, assets, fetch: fetchUrl, fetchInstance: fetchUrl, instances: ["shop-0"] };
  }
  if (CONTAINER === undefined) return null;
  const fetchInstance = (request: Request, instance: string): Promise<Response> =>
    CONTAINER.get(CONTAINER.idFromName(instance)).fetch(request);
  const fetchRouted = (request: Request, routingKey: string): Promise<Response> =>
    fetchInstance(request, instanceFor(routingKey, limits.instances));
  const instances = Array.from({ length: limits.instances }, (_, number) => `shop-${number}`);
  return { env, limits, assets, fetch: fetchRouted, fetchInstance, instances };
}

/**
 * Return a routing key's instance: requests for one shop and persona hash share a journal. It is the
 * one with the highest hash (rendezvous hashing), so that one more instance takes its share of the
 * keys from all others and moves no other key.
 */
export function instanceFor(routingKey: string, instances: number): string {
  const scores = Array.from({ length: instances }, (_, number) => hash(`${number}|${routingKey}`));
  return `shop-${scores.indexOf(Math.max(...scores))}`;
}

/** FNV-1a, its bits mixed as MurmurHash3 does at its end: texts that differ in little lie far apart. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) bits = Math.imul(bits ^ byte, 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
