// Persona learning: store facts in D1, classify the shopper by all of theirs, store the persona.

import * as sql from "../shared/sql.ts";
import { withTimeout } from "../util/timeout.ts";
import { type Fact, readFact, serializeFact } from "./fact.ts";
import { personaHash } from "./key.ts";
import { NEWCOMER, type Persona } from "./persona.ts";
import { classify } from "./rules.ts";

/** Bounds each batch of statements; only the request that reports signals waits for it. */
const DATABASE_TIMEOUT_MS = 5_000;

export interface LearnedPersona {
  readonly persona: Persona;
  /** Whether the shopper had another persona until now. */
  readonly changed: boolean;
  /** Whether the persona is stored: if not, the facts are, and the next report stores it. */
  readonly isStored: boolean;
  /** How many products they have viewed. */
  readonly viewed: number;
}

/** Store facts and classify the shopper anew. Throw where the database does not take the facts. */
export async function learn(
  database: D1Database,
  shopperId: string,
  shopId: string,
  facts: readonly Fact[],
): Promise<LearnedPersona> {
  const at = new Date().toISOString().replace("Z", "+00:00");
  const upsertShopper = database.prepare(sql.UPSERT_SHOPPER).bind(shopperId, shopId, at, at);
  const unlessForgotten = database.prepare(sql.DELETE_FORGOTTEN).bind(JSON.stringify([shopperId]));
  const results = await withTimeout(
    DATABASE_TIMEOUT_MS,
    database.batch<{ id?: number; fact?: string; current_persona_hash?: string | null }>([
      upsertShopper,
      ...facts.map((fact) =>
        database.prepare(sql.INSERT_FACT).bind(shopperId, at, fact.kind, serializeFact(fact)),
      ),
      database.prepare(sql.DELETE_OLD_FACTS).bind(shopperId, shopperId),
      unlessForgotten,
      database.prepare(sql.SELECT_FACTS).bind(shopperId),
      database.prepare(sql.SELECT_CURRENT_HASH).bind(shopperId),
    ]),
  );
  const rows = results.at(-2)?.results ?? [];
  const storedFacts = rows.map((row) => parseFact(row.fact)).filter((fact) => fact !== null);
  const previousHash =
    results.at(-1)?.results[0]?.current_persona_hash ?? (await personaHash(NEWCOMER));
  const persona = classify(storedFacts);
  const hash = await personaHash(persona);
  const changed = hash !== previousHash;
  const lastFactId = rows.at(-1)?.id ?? 0;
  let isStored = true;
  if (changed) {
    const { type, confidence, signals } = persona;
    const update = database.batch([
      upsertShopper,
      database
        .prepare(sql.UPSERT_PERSONA)
        .bind(hash, shopperId, type, confidence, JSON.stringify(signals), at),
      // Where newer facts are stored than were counted here, another request counts those too.
      database.prepare(sql.SET_CURRENT_PERSONA).bind(hash, shopperId, shopperId, lastFactId),
      database.prepare(sql.DELETE_OLD_PERSONAS).bind(shopperId, shopperId, shopperId),
      unlessForgotten,
    ]);
    isStored = await withTimeout(DATABASE_TIMEOUT_MS, update).then(
      () => true,
      () => false, // told again, the facts would count twice
    );
  }
  const views = storedFacts.filter(({ kind }) => kind === "view");
  const viewed = new Set(views.flatMap(({ products }) => products)).size;
  return { persona, changed, isStored, viewed };
}

function parseFact(stored: string | undefined): Fact | null {
  try {
    return readFact(JSON.parse(stored ?? "null"));
  } catch {
    return null;
  }
}
