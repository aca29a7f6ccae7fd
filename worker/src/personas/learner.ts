// What shoppers do, made into what is known of them: noted in D1, judged, and made their persona.

import { withTimeout } from "../util/timeout.ts";
import { type Fact, readFact } from "./fact.ts";
import { personaHash } from "./key.ts";
import { NEWCOMER, type Persona } from "./persona.ts";
import { judge } from "./rules.ts";
import * as sql from "../shared/sql.ts";
import { asJson } from "../signals/facts.ts";

/** How long the database may take to note what was told; nobody waits for it but a beacon. */
const PATIENCE = 5_000;

export interface Learnt {
  readonly persona: Persona;
  readonly hash: string;
  /** Whether the shopper was somebody else until now. */
  readonly changed: boolean;
}

/** Notes facts and judges the shopper anew. Throws where that cannot be noted. */
export async function learn(
  database: D1Database,
  shopperId: string,
  shopId: string,
  facts: readonly Fact[],
): Promise<Learnt> {
  const at = new Date().toISOString().replace("Z", "+00:00");
  const seen = database.prepare(sql.SEEN).bind(shopperId, shopId, at, at);
  const answers = await withTimeout(
    PATIENCE,
    database.batch<{ id?: number; fact?: string; current_persona_hash?: string | null }>([
      seen,
      ...facts.map((fact) => database.prepare(sql.FACT).bind(shopperId, at, fact.kind, asJson(fact))),
      database.prepare(sql.DROP_FACTS).bind(shopperId, shopperId),
      database.prepare(sql.FACTS).bind(shopperId),
      database.prepare(sql.CURRENT).bind(shopperId),
    ]),
  );
  const rows = answers.at(-2)?.results ?? [];
  const kept = rows.map((row) => factOf(row.fact)).filter((fact) => fact !== null);
  const before = answers.at(-1)?.results[0]?.current_persona_hash ?? (await personaHash(NEWCOMER));
  const persona = judge(kept);
  const hash = await personaHash(persona);
  const changed = hash !== before;
  const judged = rows.at(-1)?.id ?? 0;
  if (changed) await withTimeout(PATIENCE, become(database, shopperId, { persona, hash, judged }, seen, at));
  return { persona, hash, changed };
}

interface Verdict {
  readonly persona: Persona;
  readonly hash: string;
  /** The id of the last fact judged by. Where newer ones have come, another judges by those as well. */
  readonly judged: number;
}

/** Makes a persona the shopper's current one and forgets those of long ago. */
async function become(
  database: D1Database,
  shopperId: string,
  { persona: { type, confidence, signals }, hash, judged }: Verdict,
  seen: D1PreparedStatement,
  at: string,
): Promise<void> {
  await database.batch([
    seen,
    database.prepare(sql.KEEP_PERSONA).bind(hash, shopperId, type, confidence, JSON.stringify(signals), at),
    database.prepare(sql.MAKE_CURRENT).bind(hash, shopperId, shopperId, judged),
    database.prepare(sql.DROP_PERSONAS).bind(shopperId, shopperId, shopperId),
  ]);
}

function factOf(stored: string | undefined): Fact | null {
  try {
    return readFact(JSON.parse(stored ?? "null"));
  } catch {
    return null;
  }
}
