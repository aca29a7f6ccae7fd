// GET /health, and what /status says of it: checks KV and D1. The container is not woken.

import type { RequestContext } from "./context.ts";
import { json } from "./responses.ts";
import { errorName } from "./telemetry.ts";
import { withTimeout } from "./util/timeout.ts";

const CHECK_TIMEOUT_MS = 2_000;

export interface HealthReport {
  readonly status: "healthy" | "degraded";
  readonly checks: Readonly<Record<string, string>>;
}

export async function handleHealth(context: RequestContext): Promise<Response> {
  return json(await healthReport(context));
}

export async function healthReport(context: RequestContext): Promise<HealthReport> {
  const { KV, DB } = context.env;
  const [kv, database] = await Promise.all([
    KV === undefined ? "not_configured" : check(KV.get("health", "text")),
    DB === undefined ? "not_configured" : check(DB.prepare("SELECT 1").first()),
  ]);
  const container = context.container === null ? "not_configured" : "not_asked";
  const healthy = kv === "ok" && database === "ok" && container === "not_asked";
  return {
    status: healthy ? "healthy" : "degraded",
    checks: { kv_connection: kv, database, container },
  };
}

async function check(operation: Promise<unknown>): Promise<string> {
  try {
    await withTimeout(CHECK_TIMEOUT_MS, operation);
    return "ok";
  } catch (error) {
    return `failed: ${errorName(error)}`;
  }
}
