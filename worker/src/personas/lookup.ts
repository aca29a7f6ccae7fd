// Look up the shopper's persona in D1; the newcomer's where D1 has none or does not answer.

import type { Env } from "../env.ts";
import { measured } from "../metrics/counters.ts";
import { SELECT_PERSONA } from "../shared/sql.ts";
import type { LookupOutcome } from "../telemetry.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";
import { NEWCOMER, type Persona } from "./persona.ts";
import { type PersonaRow, parsePersona } from "./row.ts";

export interface PersonaLookup {
  readonly persona: Persona;
  readonly db: LookupOutcome;
}

/** Return the shopper's current persona within so many milliseconds, whatever the database does. */
export async function findPersona(
  env: Pick<Env, "DB">,
  shopperId: string,
  shopId: string,
  timeoutMs: number,
): Promise<PersonaLookup> {
  if (env.DB === undefined) return { persona: NEWCOMER, db: "absent" };
  try {
    const query = env.DB.prepare(SELECT_PERSONA).bind(shopperId, shopId).first<PersonaRow>();
    const row = await measured("database", "read", withTimeout(timeoutMs, query));
    return row === null
      ? { persona: NEWCOMER, db: "miss" }
      : { persona: parsePersona(row), db: "hit" };
  } catch (error) {
    return { persona: NEWCOMER, db: error instanceof TimeoutError ? "slow" : "failed" };
  }
}
