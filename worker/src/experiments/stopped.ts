// Which page a shopper gets: of the arm that they are in, unless it has stopped itself, as KV says.

import type { Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { count } from "../metrics/counters.ts";
import { personaHash } from "../personas/key.ts";
import type { Persona } from "../personas/persona.ts";
import { ARMS, REGISTRY } from "../shared/constants.ts";
import { oncePer } from "../util/remembered.ts";
import { withTimeout } from "../util/timeout.ts";
import { type Assignment, armKey, assign, NO_ARM, pageHash } from "./assign.ts";

const TIMEOUT_MS = 100;

type Stopped = Readonly<Record<string, unknown>>;

const knownOf = oncePer((_: KVNamespace) => ({ readAt: 0, stopped: {} as Stopped }));

/**
 * Return a shopper's arm at a moment, as the container has it, none in place of a stopped one; and
 * the hash that their page is stored under.
 */
export async function pageOf(
  env: Pick<Env, "KV">,
  shop: Shop,
  shopperId: string,
  persona: Persona,
  now: number,
): Promise<{ readonly arm: Assignment; readonly hash: string }> {
  const assigned = await assign(shop.experiments, shopperId, persona.type, now);
  const isStopped =
    assigned.limited && env.KV && Object.hasOwn(await findStopped(env.KV), armKey(assigned));
  const arm = isStopped ? NO_ARM : assigned;
  return { arm, hash: pageHash(await personaHash(persona), arm) };
}

/** Return the arms that have stopped, by key. Where KV does not say, it is as it was. */
async function findStopped(kv: KVNamespace): Promise<Stopped> {
  const known = knownOf(kv);
  const now = Date.now();
  if (Math.abs(now - known.readAt) < ARMS.LOOKS_EVERY * 1000) return known.stopped;
  known.readAt = now; // whoever comes meanwhile goes by what is known
  try {
    known.stopped = (await withTimeout(TIMEOUT_MS, kv.get<Stopped>(ARMS.STOPPED, "json"))) ?? {};
  } catch {
    count(REGISTRY.EVENTS, ["failed", "arms"]);
  }
  return known.stopped;
}
