// D1 for the container: run a list of statements in one transaction, return the rows of each.

import type { Env } from "../env.ts";
import { empty } from "../responses.ts";
import { D1 } from "../shared/constants.ts";
import { errorName, track } from "../telemetry.ts";
import { readBody } from "../util/body.ts";

/** Matches what D1 reports of invalid SQL, which no retry mends, as against its own failures. */
const INVALID_SQL =
  /SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG|AUTH)|D1_TYPE_ERROR|Wrong number of parameter/;

interface Statement {
  readonly sql: string;
  readonly params: readonly (string | number | null)[];
}

export async function handleD1(
  request: Request,
  env: Pick<Env, "DB" | "EVENTS">,
): Promise<Response> {
  if (env.DB === undefined) return empty(503);
  if (request.method !== "POST") return empty(405);
  const statements = await parseStatements(request);
  if (statements === null) return empty(400);
  try {
    const database = env.DB;
    const prepared = statements.map(({ sql, params }) => database.prepare(sql).bind(...params));
    const results = await database.batch(prepared);
    return Response.json({ results: results.map((result) => result.results ?? []) });
  } catch (error) {
    const isInvalid = error instanceof Error && INVALID_SQL.test(error.message);
    track(env, { event: "failed", where: "d1", outcome: isInvalid ? "refused" : errorName(error) });
    return empty(isInvalid ? 400 : 503);
  }
}

async function parseStatements(request: Request): Promise<readonly Statement[] | null> {
  const bytes = await readBody(request, D1.MAX_BODY_BYTES);
  if (bytes === null) return null;
  try {
    const body = JSON.parse(new TextDecoder().decode(bytes)) as { statements?: unknown };
    if (!Array.isArray(body.statements)) return null;
    const isInBounds = body.statements.length > 0 && body.statements.length <= D1.MAX_STATEMENTS;
    return isInBounds && body.statements.every(isStatement) ? body.statements : null;
  } catch {
    return null;
  }
}

function isStatement(value: unknown): value is Statement {
  const { sql, params } = (value ?? {}) as { sql?: unknown; params?: unknown };
  return (
    typeof sql === "string" &&
    Array.isArray(params) &&
    params.length <= D1.MAX_PARAMETERS &&
    params.every(isParameter)
  );
}

function isParameter(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number";
}
