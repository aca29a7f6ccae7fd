// What the Worker is bound to, and the numbers it works with.

export interface Env {
  readonly ASSETS: Fetcher;
  readonly KV?: KVNamespace;
  readonly DB?: D1Database;
  readonly CONTAINER?: DurableObjectNamespace;
  readonly EVENTS?: AnalyticsEngineDataset;
  /** Signs the shoppers' cookies; the container has the same one. */
  readonly SESSION_SECRET?: string;
  /** What the container asks of whoever calls it. */
  readonly WORKER_SECRET?: string;
  /** Where the container is when it is no binding: on this machine, in development and tests. */
  readonly CONTAINER_URL?: string;
  readonly CONTAINER_INSTANCES?: string;
  readonly LOOKUP_MS?: string;
  readonly KEPT_WAIT_MS?: string;
  readonly SEARCH_MS?: string;
  readonly RETRY_UNIT_MS?: string;
  /** Opens the bindings to a container on this machine. Never set where shoppers are. */
  readonly LOCAL_BINDINGS_TOKEN?: string;
}

export interface Limits {
  /** How long the shopper's persona and page may take to be looked up, before the shell goes out. */
  readonly lookup: number;
  /** How long the container may take to hand over a page that KV does not show yet. */
  readonly keptWait: number;
  /** How long the container may take to answer a search. */
  readonly search: number;
  /** The unit of the contract's pauses between attempts, which are 1, 2 and 4 of it. */
  readonly retryUnit: number;
  /** How long the container may take to begin its answer (platform contract). */
  readonly head: number;
  readonly instances: number;
}

export function limitsOf(env: Env): Limits {
  return {
    lookup: numberOf(env.LOOKUP_MS, 300),
    keptWait: numberOf(env.KEPT_WAIT_MS, 80),
    search: numberOf(env.SEARCH_MS, 3_000),
    retryUnit: numberOf(env.RETRY_UNIT_MS, 1_000),
    head: 30_000,
    instances: Math.max(1, numberOf(env.CONTAINER_INSTANCES, 1)),
  };
}

function numberOf(text: string | undefined, otherwise: number): number {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}
