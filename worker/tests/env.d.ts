// What the tests' environment has that the Worker's has not.

import type { D1Migration } from "cloudflare:test";
import type { Env } from "../src/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {
      readonly KV: KVNamespace;
      readonly DB: D1Database;
      readonly MIGRATIONS: D1Migration[];
    }
  }
}

type WorkerEnv = Env;
