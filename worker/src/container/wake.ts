// Keep one instance of the container awake where it follows a catalog that changes without us.

import { createContext, follows } from "../context.ts";
import type { Env } from "../env.ts";
import { errorName, track } from "../telemetry.ts";
import { authorization } from "./generate.ts";

const TIMEOUT_MS = 30_000;

/** Wake the instance that webhooks go to, which then brings the edge up to date. */
export async function wakeFollower(
  env: Env,
  execution: Pick<ExecutionContext, "waitUntil">,
): Promise<void> {
  const init = { headers: authorization(env), signal: AbortSignal.timeout(TIMEOUT_MS) };
  const request = new Request("http://container.internal/health", init);
  const { container } = createContext(request, env, execution);
  const [instance] = container?.instances ?? [];
  if (!follows(env) || !container || instance === undefined) return;
  try {
    const response = await container.fetchInstance(request, instance);
    await response.body?.cancel();
  } catch (error) {
    track(env, { event: "failed", where: "wake", outcome: errorName(error) });
  }
}
