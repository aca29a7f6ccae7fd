// The shopper's persona from D1, or the newcomer's where nothing can be learnt of it.

import type { Env } from "../env.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";
import type { LookupOutcome } from "../telemetry.ts";
import { NEWCOMER, type Persona } from "./persona.ts";
import { personaOf, type Row } from "./row.ts";

const PERSONA = `
SELECT personas.type, personas.confidence, personas.signals FROM shoppers
JOIN personas ON personas.hash = shoppers.current_persona_hash AND personas.shopper_id = shoppers.id
WHERE shoppers.id = ? AND shoppers.shop_id = ?`;

export interface Acquaintance {
  readonly persona: Persona;
  readonly db: LookupOutcome;
}

/** Returns the shopper's current persona within so many milliseconds, whatever the database does. */
export async function acquaint(
  env: Pick<Env, "DB">,
  shopperId: string,
  shopId: string,
  milliseconds: number,
): Promise<Acquaintance> {
  if (env.DB === undefined) return { persona: NEWCOMER, db: "absent" };
  try {
    const asked = env.DB.prepare(PERSONA).bind(shopperId, shopId).first<Row>();
    const row = await withTimeout(milliseconds, asked);
    return row === null ? { persona: NEWCOMER, db: "miss" } : { persona: personaOf(row), db: "hit" };
  } catch (error) {
    return { persona: NEWCOMER, db: error instanceof TimeoutError ? "slow" : "failed" };
  }
}
