// Telemetry: an event is one line of JSON in the log, and a point in Analytics Engine where bound.

import type { Env } from "./env.ts";
import { count, handOverSoon } from "./metrics/counters.ts";
import { EXPERIMENTS, REGISTRY } from "./shared/constants.ts";

/** How a lookup in KV or D1 ended. `unasked`: nothing was, or could be, gained by it. */
export type LookupOutcome =
  | "hit"
  | "miss"
  | "outdated"
  | "incomplete"
  | "failed"
  | "slow"
  | "absent"
  | "unasked";

export type TelemetryEvent =
  | {
      event: "page";
      shop: string;
      how: "kept" | "shell" | "fallback";
      persona: string;
      kv: LookupOutcome;
      /** Of the page that is shared by all shoppers of the persona. */
      shared: LookupOutcome;
      db: LookupOutcome;
      late: boolean;
      ms: number;
    }
  | { event: "composing"; shop: string; outcome: string; attempts: number; trace: string }
  | {
      event: "stream";
      shop: string;
      outcome: string;
      attempts: number;
      resumed: boolean;
      /** The id of the trace that the container's spans of the page are in. */
      trace: string;
      ms: number;
    }
  | { event: "search"; shop: string; outcome: "answered" | "unanswered" }
  | { event: "signals"; shop: string; outcome: string }
  | { event: "basket" | "checkout" | "forget"; shop: string; outcome: string }
  | { event: "webhook"; outcome: string }
  | { event: "wake"; instance: string }
  | { event: "asleep"; instance: string; outcome: string }
  | { event: "failed"; where: string; outcome: string };

/**
 * Log an event, write its point and count it. Nothing in it identifies a shopper: no id, cookie,
 * signal or address. The columns of a point are fixed: docs/deploy.md has the queries that read them.
 */
export function track(
  env: Pick<Env, "EVENTS" | "METRICS" | "METRICS_MS">,
  event: TelemetryEvent,
): void {
  console.log(JSON.stringify(event));
  const {
    shop = "",
    outcome = "",
    how = "",
    kv = "",
    db = "",
    persona = "",
    shared = "",
  } = event as Partial<Record<string, string>>;
  const {
    ms = 0,
    attempts = 0,
    resumed = false,
  } = event as { ms?: number; attempts?: number; resumed?: boolean };
  countEvent(event);
  try {
    handOverSoon(env);
    env.EVENTS?.writeDataPoint({
      indexes: [event.event],
      blobs: [event.event, shop, how || outcome, kv, db, persona, shared],
      doubles: [ms, attempts, resumed ? 1 : 0],
    });
  } catch {
    // A point that cannot be written must not cost a shopper the page.
  }
}

/** Count an event as the container counts the like: a visit by its page, others by their part. */
function countEvent(event: TelemetryEvent): void {
  if (event.event === "page") {
    const isShared = event.how === "kept" && event.shared === "hit";
    const how = event.how === "fallback" ? EXPERIMENTS.PLAIN : event.how; // there is no other here
    count(REGISTRY.VISITS, [isShared ? "whole" : how]);
  } else count(REGISTRY.EVENTS, partAndEvent(event));
  if (event.event === "stream" && event.resumed) count(REGISTRY.EVENTS, ["stream", "resumed"]);
}

function partAndEvent(event: Exclude<TelemetryEvent, { event: "page" }>): [string, string] {
  if (event.event === "wake" || event.event === "asleep") return ["container", event.event];
  return event.event === "failed" ? ["failed", event.where] : [event.event, event.outcome];
}

/** Return an error's name, never its message: that may quote the request. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
