// Keep one instance of the container awake while it has something to do that nobody asks for.

import type { AssetStore } from "../assets/store.ts";
import { createContext, follows } from "../context.ts";
import type { Env } from "../env.ts";
import { AHEAD } from "../shared/constants.ts";
import { errorName, track } from "../telemetry.ts";
import { authorization } from "./generate.ts";

const TIMEOUT_MS = 30_000;
const MAX_SHOPS = 100;

/**
 * Wake the instance that webhooks go to where its catalog changes without us: it brings the edge up
 * to date. Wake it as well where other rules or arms begin to hold soon: it composes ahead for them.
 */
export async function wakeFollower(
  env: Env,
  execution: Pick<ExecutionContext, "waitUntil">,
): Promise<void> {
  const init = { headers: authorization(env), signal: AbortSignal.timeout(TIMEOUT_MS) };
  const request = new Request("http://container.internal/health", init);
  const { container, assets } = createContext(request, env, execution);
  const [instance] = container?.instances ?? [];
  if (!container || instance === undefined) return;
  try {
    if (!(follows(env) || (await changesSoon(assets)))) return;
    const response = await container.fetchInstance(request, instance);
    await response.body?.cancel();
  } catch (error) {
    track(env, { event: "failed", where: "wake", outcome: errorName(error) });
  }
}

async function changesSoon(assets: AssetStore): Promise<boolean> {
  const { shops } = await assets.index();
  const now = Date.now() / 1000;
  const found = await Promise.all(shops.slice(0, MAX_SHOPS).map((id) => assets.shop(id)));
  const moments = found.flatMap((shop) => [
    ...(shop?.moments ?? []),
    ...(shop?.experiments.running ?? []).flatMap(({ begins, ends }) => [begins ?? 0, ends ?? 0]),
  ]);
  return moments.some((moment) => now < moment && moment <= now + AHEAD.LEAD);
}
