// What was seen of a store page: counted as library and catalog confirm it, with who saw which arm.

import type { Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { armKey, exposures, isPlain } from "../experiments/assign.ts";
import { pageOf } from "../experiments/stopped.ts";
import { findDecision } from "../pages/cache.ts";
import { findPersona } from "../personas/lookup.ts";
import { FACTS, REPOSITORY, VIEWS } from "../shared/constants.ts";
import * as sql from "../shared/sql.ts";
import { withTimeout } from "../util/timeout.ts";
import type { SignalProducts } from "./facts.ts";
import type { ReportedEvent } from "./schema.ts";

const SECONDS_PER_DAY = 86_400;
const DATABASE_TIMEOUT_MS = 5_000;

export type ViewRow = [
  slot: string,
  component: string,
  product: string,
  place: number,
  shown: number,
  clicked: number,
];

/**
 * Return the counts of a report: of each slot as a whole, and of each product in its place, once
 * each however often it says so.
 */
export function toRows(
  events: readonly ReportedEvent[],
  products: SignalProducts,
  slots: Shop["slots"],
): ViewRow[] {
  const rows = new Map<string, ViewRow>();
  for (const { kind, slot, component, items, place } of events) {
    const kinds = Object.hasOwn(slots, slot) ? slots[slot] : undefined;
    if (kinds === undefined) continue;
    if (component !== VIEWS.FALLBACK && !kinds.includes(component)) continue;
    const placed = items.map(([name], at): [string, number] => [name, at + (place || 1)]);
    const known = placed.filter(([name]) => Object.hasOwn(products, name));
    if (kind === FACTS.CLICK && known.length === 0) continue;
    for (const [name, at] of [["", 0] as [string, number], ...known]) {
      const key = JSON.stringify([slot, component, name, at]);
      const row: ViewRow = rows.get(key) ?? [slot, component, name, at, 0, 0];
      row[kind === FACTS.SHOWN ? 4 : 5] = 1;
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** Store counts. Throw where there is no database, or it does not take them. */
export async function storeViews(
  env: Pick<Env, "DB" | "KV">,
  shopperId: string,
  shop: Shop,
  rows: readonly ViewRow[],
  now: number,
): Promise<void> {
  const { DB: database } = env;
  if (database === undefined) throw new Error("no database is bound");
  const { persona } = await findPersona(env, shopperId, shop.id, DATABASE_TIMEOUT_MS);
  const { arm, hash } = await pageOf(env, shop, shopperId, persona, now);
  const decision = isPlain(arm)
    ? ""
    : await findDecision(env, shopperId, hash, shop, DATABASE_TIMEOUT_MS);
  const at = new Date(now * 1000).toISOString().replace("Z", "+00:00");
  const day = Math.floor(now / SECONDS_PER_DAY);
  const exposed = await exposures(shop.experiments, shopperId, arm, now);
  const work = [
    database.prepare(sql.UPSERT_SHOPPER).bind(shopperId, shop.id, at, at),
    ...exposed.map(([experiment, name]) =>
      database
        .prepare(sql.INSERT_EXPOSURE)
        .bind(experiment, shopperId, shop.id, name, persona.type, at),
    ),
    database
      .prepare(sql.ADD_VIEWS)
      .bind(
        ...[shop.id, day, armKey(arm), persona.type, decision],
        ...[JSON.stringify(rows), shopperId, at],
      ),
    database.prepare(sql.DELETE_OLD_VIEWS).bind(shop.id, day - REPOSITORY.VIEW_DAYS),
    database.prepare(sql.DELETE_FORGOTTEN).bind(JSON.stringify([shopperId])),
  ];
  await withTimeout(DATABASE_TIMEOUT_MS, database.batch(work));
}
