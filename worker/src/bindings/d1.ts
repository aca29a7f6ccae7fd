// D1 for the container: a list of statements in, their rows out, all in one transaction.

import type { Env } from "../env.ts";
import { errorName, track } from "../telemetry.ts";

const LARGEST_BODY = 1024 * 1024;
const MOST_STATEMENTS = 50;
const MOST_PARAMETERS = 100;

/** What D1 says of SQL that will never do, and not of a moment that was bad for it. */
const REFUSED = /SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG|AUTH)|D1_TYPE_ERROR|Wrong number of parameter/;

interface Statement {
  readonly sql: string;
  readonly params: readonly (string | number | null)[];
}

export async function answerD1(request: Request, env: Pick<Env, "DB" | "EVENTS">): Promise<Response> {
  if (env.DB === undefined) return new Response(null, { status: 503 });
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const statements = await read(request);
  if (statements === null) return new Response(null, { status: 400 });
  try {
    const database = env.DB;
    const prepared = statements.map(({ sql, params }) => database.prepare(sql).bind(...params));
    const answers = await database.batch(prepared);
    return Response.json({ results: answers.map((answer) => answer.results ?? []) });
  } catch (error) {
    const refused = error instanceof Error && REFUSED.test(error.message);
    track(env, { event: "failed", where: "d1", outcome: refused ? "refused" : errorName(error) });
    return new Response(null, { status: refused ? 400 : 503 });
  }
}

async function read(request: Request): Promise<readonly Statement[] | null> {
  if (Number(request.headers.get("content-length") ?? "0") > LARGEST_BODY) return null;
  try {
    const text = await request.text();
    const told = JSON.parse(text) as { statements?: unknown };
    if (text.length > LARGEST_BODY || !Array.isArray(told.statements)) return null;
    const few = told.statements.length > 0 && told.statements.length <= MOST_STATEMENTS;
    return few && told.statements.every(isStatement) ? told.statements : null;
  } catch {
    return null;
  }
}

function isStatement(value: unknown): value is Statement {
  const { sql, params } = (value ?? {}) as { sql?: unknown; params?: unknown };
  return typeof sql === "string" && Array.isArray(params) && params.length <= MOST_PARAMETERS && params.every(isParameter);
}

function isParameter(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number";
}
