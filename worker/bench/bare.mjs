// Run the bare Worker in workerd, as local.mjs runs the shop's: behind the same router of assets.
//
//   node bench/bare.mjs --port 8788 --state FOLDER --public FOLDER --page FILE --container URL

import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const { values: args } = parseArgs({
  options: {
    port: { type: "string" },
    state: { type: "string" },
    public: { type: "string" },
    page: { type: "string" },
    container: { type: "string" },
  },
});
const {
  workerOptions: { assets, compatibilityDate, compatibilityFlags },
} = unstable_getMiniflareWorkerOptions(
  path.join(import.meta.dirname, "..", "wrangler.toml"),
  undefined,
  { overrides: { assets: { directory: args.public }, enableContainers: false } },
);
const page = await readFile(args.page, "utf8");
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    resourcePersistencePath: path.resolve(args.state),
    telemetry: { enabled: false },
    workers: [
      {
        name: "bare",
        modules: [{ type: "ESModule", path: path.join(import.meta.dirname, "bare.js") }],
        compatibilityDate,
        compatibilityFlags,
        assets,
        bindings: { PAGE: page, CONTAINER_URL: args.container },
        kvNamespaces: { KV: "bare" },
        d1Databases: { DB: "bare" },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(args.port) }],
      },
    ],
  }),
);
await miniflare.ready;
const database = await miniflare.getD1Database("DB", "bare");
for (const statement of [
  "CREATE TABLE IF NOT EXISTS shoppers (id TEXT PRIMARY KEY, shop_id TEXT, current_persona_hash TEXT)",
  "CREATE TABLE IF NOT EXISTS personas (hash TEXT, shopper_id TEXT, type TEXT, confidence REAL, signals TEXT, PRIMARY KEY (hash, shopper_id))",
  "INSERT OR REPLACE INTO shoppers VALUES ('one', 'demo', 'v2')",
  "INSERT OR REPLACE INTO personas VALUES ('v2', 'one', 'newcomer', 0.5, '{}')",
])
  await database.exec(statement);
const kv = await miniflare.getKVNamespace("KV", "bare");
for (const key of ["page", "shared"]) await kv.put(key, page);
const url = await miniflare.unsafeGetDirectURL("bare");
console.log(JSON.stringify({ url: url.origin }));
process.on("SIGTERM", async () => {
  await miniflare.dispose();
  process.exit(0);
});
