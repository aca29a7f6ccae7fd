// What happened, as one line of JSON each and as a point in Analytics Engine where one is bound.

import type { Env } from "./env.ts";

/** How a look into KV or the database went. `unasked`: a new shopper has nothing there. */
export type Lookup = "hit" | "miss" | "outdated" | "failed" | "slow" | "absent" | "unasked";

export type Happening =
  | { event: "page"; shop: string; how: "kept" | "shell"; persona: string; kv: Lookup; db: Lookup; late: boolean; ms: number }
  | { event: "composing"; shop: string; outcome: string; attempts: number }
  | { event: "stream"; shop: string; outcome: string; attempts: number; resumed: boolean; ms: number }
  | { event: "search"; shop: string; outcome: "answered" | "unanswered" }
  | { event: "signals"; shop: string; outcome: string }
  | { event: "wake"; instance: string }
  | { event: "asleep"; instance: string; outcome: string }
  | { event: "failed"; where: string; outcome: string };

/**
 * Tells what happened. Nothing in a happening names a shopper: no id, cookie, signal or address.
 * The columns of a point are fixed: docs/deploy.md has the queries that read them.
 */
export function tell(env: Pick<Env, "EVENTS">, happening: Happening): void {
  console.log(JSON.stringify(happening));
  const { shop = "", outcome = "", how = "", kv = "", db = "", persona = "" } = happening as Partial<Record<string, string>>;
  const { ms = 0, attempts = 0, resumed = false } = happening as { ms?: number; attempts?: number; resumed?: boolean };
  try {
    env.EVENTS?.writeDataPoint({
      indexes: [happening.event],
      blobs: [happening.event, shop, how || outcome, kv, db, persona],
      doubles: [ms, attempts, resumed ? 1 : 0],
    });
  } catch {
    // A point that cannot be written is not worth a page.
  }
}

/** Returns what an error is called, never what it says: that may hold what was asked. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
