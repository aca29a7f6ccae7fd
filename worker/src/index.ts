// The Worker: serves every shopper from the edge, and passes the container's streams on.

import { wakeFollower } from "./container/wake.ts";
import type { Env } from "./env.ts";
import { handleRequest } from "./handler.ts";

export { ContainerProxy } from "@cloudflare/containers";
export { ShopFiles } from "./assets/shop_files.ts";
export { ShopLedger } from "./budget/shop_ledger.ts";
export { ShopContainer } from "./container/shop_container.ts";
export { ShopMetrics } from "./metrics/shop_metrics.ts";

export default {
  fetch: handleRequest,
  scheduled: (_, env, execution) => wakeFollower(env, execution),
} satisfies ExportedHandler<Env>;
