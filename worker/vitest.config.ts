// Tests run inside workerd, with local KV and D1 and what was published of the demo shop.

import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        bindings: {
          SESSION_SECRET: "a secret for tests",
          WORKER_SECRET: "a credential for tests",
          MIGRATIONS: await readD1Migrations("../migrations"),
        },
      },
    })),
  ],
  test: { include: ["src/**/*.test.ts"], isolate: false },
});
