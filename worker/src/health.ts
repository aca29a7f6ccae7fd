// GET /health: how the edge's own parts are. The container is not asked: that would wake it.

import { withTimeout } from "./util/timeout.ts";
import { json } from "./responses.ts";
import { nameOf } from "./telemetry.ts";
import type { Visit } from "./context.ts";

const PATIENCE = 2_000;

export async function answerHealth(visit: Visit): Promise<Response> {
  const { KV, DB } = visit.env;
  const [kv, database] = await Promise.all([
    KV === undefined ? "not_configured" : checked(KV.get("health", "text")),
    DB === undefined ? "not_configured" : checked(DB.prepare("SELECT 1").first()),
  ]);
  const container = visit.container === null ? "not_configured" : "not_asked";
  const good = kv === "ok" && database === "ok" && container === "not_asked";
  return json({ status: good ? "healthy" : "degraded", checks: { kv_connection: kv, database, container } });
}

async function checked(asked: Promise<unknown>): Promise<string> {
  try {
    await withTimeout(PATIENCE, asked);
    return "ok";
  } catch (error) {
    return `failed: ${nameOf(error)}`;
  }
}
