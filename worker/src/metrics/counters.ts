// Counters of this isolate, handed over every few seconds; names and labels are those of app/metrics.

import { waitUntil } from "cloudflare:workers";
import { type Env, readMetricsMs } from "../env.ts";
import { EXPOSITION, REGISTRY } from "../shared/constants.ts";
import { remembered } from "../util/remembered.ts";
import { withTimeout } from "../util/timeout.ts";
import { add, type Counts, type Metric, nameSample } from "./counts.ts";

type Destination = Pick<Env, "METRICS" | "METRICS_MS">;

const HANDOVER_TIMEOUT_MS = 5_000;
const pending: Counts = new Map();
let handingOverSince = 0;

/** Count an event by the values of its labels. */
export function count(metric: Metric, values: readonly string[]): void {
  add(pending, nameSample(metric, values), 1);
}

/** Settle as an operation of a store does, having measured what it took and whether it failed. */
export async function measured<T>(
  store: "kv" | "database",
  operation: "read" | "write",
  work: Promise<T>,
): Promise<T> {
  const startedAt = Date.now();
  try {
    return await work;
  } catch (error) {
    count(REGISTRY.STORAGE_ERRORS, [store, operation]);
    throw error;
  } finally {
    observe(store, operation, (Date.now() - startedAt) / 1000);
  }
}

/** The names of a histogram's samples: its buckets, their bounds beside them, its sum and count. */
const samplesOf = remembered((labels) => {
  const [name, , ...names] = REGISTRY.STORAGE;
  const values = labels.split(" ");
  const bucket: Metric = [`${name}_bucket`, "", ...names, "le"];
  const bounds = [...EXPOSITION.MOMENTS, Number.POSITIVE_INFINITY];
  return {
    buckets: bounds.map((bound) => {
      const written = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
      return [bound, nameSample(bucket, [...values, written])] as const;
    }),
    sum: nameSample([`${name}_sum`, "", ...names], values),
    count: nameSample([`${name}_count`, "", ...names], values),
  };
}, 16);

function observe(store: string, operation: string, seconds: number): void {
  const { buckets, sum, count } = samplesOf(`${store} ${operation}`);
  for (const [bound, name] of buckets) add(pending, name, seconds <= bound ? 1 : 0);
  add(pending, sum, seconds);
  add(pending, count, 1);
}

/** Hand over soon what is counted until then. Nobody waits. */
export function handOverSoon(env: Destination): void {
  if (env.METRICS === undefined) return;
  const delay = readMetricsMs(env);
  const age = Date.now() - handingOverSince; // past its time it was cut off with its request
  if (Math.abs(age) < delay + HANDOVER_TIMEOUT_MS) return;
  handingOverSince += age;
  waitUntil(handOver(env.METRICS, delay));
}

/** Add what this isolate has counted to the shop's counts; where that fails, the next time. */
export async function handOver(metrics: NonNullable<Env["METRICS"]>, delay = 0): Promise<void> {
  await scheduler.wait(delay);
  handingOverSince = 0;
  const counts = new Map(pending);
  pending.clear();
  try {
    await withTimeout(HANDOVER_TIMEOUT_MS, metrics.get(metrics.idFromName("shop")).add(counts));
  } catch {
    for (const [sample, amount] of counts) add(pending, sample, amount);
  }
}
