// Which arms have stopped themselves: the container writes them down in KV, and they are not given.

import type { Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { count } from "../metrics/counters.ts";
import { ARMS, REGISTRY } from "../shared/constants.ts";
import { withTimeout } from "../util/timeout.ts";
import { type Assignment, armKey, assign, NO_ARM } from "./assign.ts";

const TIMEOUT_MS = 100;

interface Known {
  readonly readAt: number;
  readonly stopped: Readonly<Record<string, unknown>>;
}

const caches = new WeakMap<KVNamespace, Known>();

/** Return a shopper's arm at a moment, as the container has it: none in place of a stopped one. */
export async function armOf(
  env: Pick<Env, "KV">,
  shop: Shop,
  shopperId: string,
  personaType: string,
  now: number,
): Promise<Assignment> {
  const arm = await assign(shop.experiments, shopperId, personaType, now);
  if (!arm.limited || env.KV === undefined) return arm;
  return Object.hasOwn(await findStopped(env.KV), armKey(arm)) ? NO_ARM : arm;
}

/** Return the arms that have stopped, by key. Where KV does not say, it is as it was. */
async function findStopped(kv: KVNamespace): Promise<Known["stopped"]> {
  const { readAt, stopped } = caches.get(kv) ?? { readAt: 0, stopped: {} };
  if (Math.abs(Date.now() - readAt) < ARMS.LOOKS_EVERY * 1000) return stopped;
  caches.set(kv, { readAt: Date.now(), stopped }); // whoever comes meanwhile goes by what is known
  try {
    const value = await withTimeout(TIMEOUT_MS, kv.get<Known["stopped"]>(ARMS.STOPPED, "json"));
    caches.set(kv, { readAt: Date.now(), stopped: value ?? {} });
    return value ?? {};
  } catch {
    count(REGISTRY.EVENTS, ["failed", "arms"]);
    return stopped;
  }
}
