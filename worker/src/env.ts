// The Worker's bindings and variables, and the limits read from them.

import type { ShopFiles } from "./assets/shop_files.ts";
import type { ShopLedger } from "./budget/shop_ledger.ts";
import type { ShopMetrics } from "./metrics/shop_metrics.ts";
import { oncePer } from "./util/remembered.ts";

export interface Env {
  readonly ASSETS: Fetcher;
  readonly KV?: KVNamespace;
  readonly DB?: D1Database;
  readonly CONTAINER?: DurableObjectNamespace;
  readonly EVENTS?: AnalyticsEngineDataset;
  readonly METRICS?: DurableObjectNamespace<ShopMetrics>;
  readonly LEDGER?: DurableObjectNamespace<ShopLedger>;
  readonly FILES?: DurableObjectNamespace<ShopFiles>;
  /** Signs the shoppers' cookies; the container has the same one. */
  readonly SESSION_SECRET?: string;
  /** Have signed cookies before, as in the container: separated by commas, or a JSON list. */
  readonly SESSION_SECRETS_BEFORE?: string;
  /** Authorizes the Worker to the container. */
  readonly WORKER_SECRET?: string;
  /** Lets operators see /metrics and /status; the container has the same one. */
  readonly WANDSTORE_OPERATOR_TOKEN?: string;
  /** Say that the container's catalog is of elsewhere; the secret signs a Shopify store's webhooks. */
  readonly WANDSTORE_CATALOG_URL?: string;
  readonly WANDSTORE_SHOPIFY_STORE?: string;
  readonly WANDSTORE_SHOPIFY_SECRET?: string;
  /** Locates a container that is no binding: on this machine, in development and tests. */
  readonly CONTAINER_URL?: string;
  readonly CONTAINER_INSTANCES?: string;
  readonly LOOKUP_MS?: string;
  readonly KEPT_WAIT_MS?: string;
  readonly SEARCH_MS?: string;
  readonly RETRY_UNIT_MS?: string;
  readonly METRICS_MS?: string;
  /** Opens the bindings to a container on this machine. Never set where shoppers are. */
  readonly LOCAL_BINDINGS_TOKEN?: string;
}

export interface Limits {
  /** Bounds the lookup of persona and cached page together, before the shell goes out. */
  readonly lookupMs: number;
  /** Bounds the wait for the container to hand over a finished page that KV does not show yet. */
  readonly cachedPageWaitMs: number;
  /** Bounds the wait for the container to answer a search. */
  readonly searchMs: number;
  /** Scales the contract's delays between attempts, which are 1, 2 and 4 of it. */
  readonly retryUnitMs: number;
  /** Bounds the wait for the head of a response, all attempts together (platform contract). */
  readonly responseHeadMs: number;
  readonly instances: number;
}

export const readLimits = oncePer<Env, Limits>((env) => ({
  lookupMs: parseNumber(env.LOOKUP_MS, 300),
  cachedPageWaitMs: parseNumber(env.KEPT_WAIT_MS, 80),
  searchMs: parseNumber(env.SEARCH_MS, 3_000),
  retryUnitMs: parseNumber(env.RETRY_UNIT_MS, 1_000),
  responseHeadMs: 30_000,
  instances: Math.max(1, parseNumber(env.CONTAINER_INSTANCES, 1)),
}));

/** Return how long counts are gathered before they are handed over. */
export function readMetricsMs(env: Pick<Env, "METRICS_MS">): number {
  return parseNumber(env.METRICS_MS, 5_000);
}

function parseNumber(text: string | undefined, fallback: number): number {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isFinite(value) && value >= 0 ? value : fallback;
}
