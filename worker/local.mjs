// The Worker on this machine: workerd with KV and D1 in a folder, for `make edge` and for tests.
//
//   node local.mjs --port 8787 --state FOLDER --public FOLDER [--migrations FOLDER]
//
// Variables of the Worker that are set in the environment go to it: see PASSED_ON. It writes one
// line of JSON when it is open, `{"url": ...}`, then what the Worker logs; it ends on SIGTERM.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";

const HERE = import.meta.dirname;
const BUNDLE = path.join(HERE, ".build", "index.js");
const PASSED_ON =
  /^(SESSION_SECRET|WORKER_SECRET|CONTAINER_URL|CONTAINER_INSTANCES|LOCAL_BINDINGS_TOKEN|[A-Z]+_MS|RETRY_UNIT_MS)$/;

const { values: given } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    host: { type: "string", default: "127.0.0.1" },
    state: { type: "string" },
    public: { type: "string", default: path.join(HERE, "public") },
    migrations: { type: "string", default: path.join(HERE, "..", "migrations") },
    without: { type: "string", multiple: true, default: [] },
  },
});

function workerOptions() {
  const { workerOptions: options } = unstable_getMiniflareWorkerOptions(path.join(HERE, "wrangler.toml"), undefined, {
    overrides: { assets: { directory: given.public }, enableContainers: false },
  });
  const passed = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  const { modulesRules: _, ...others } = options; // the bundle is one module
  const kept = { ...others, bindings: { ...others.bindings, ...Object.fromEntries(passed) } };
  if (given.without.includes("KV")) delete kept.kvNamespaces;
  if (given.without.includes("DB")) delete kept.d1Databases;
  return kept;
}

async function migrate(database) {
  await database.exec("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)");
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map((row) => row.name));
  const names = (await readdir(given.migrations)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names.filter((name) => !applied.has(name))) {
    const sql = await readFile(path.join(given.migrations, name), "utf8");
    const note = database.prepare("INSERT INTO d1_migrations VALUES (?, datetime())").bind(name);
    await database.batch([...unstable_splitSqlQuery(sql).map((query) => database.prepare(query)), note]);
  }
}

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0, // of the simulator's own entrance, which nobody uses: shoppers come to the Worker itself
    ...(given.state ? { resourcePersistencePath: path.resolve(given.state) } : {}),
    telemetry: { enabled: false },
    workers: [
      {
        ...workerOptions(),
        name: "wandstore",
        modules: [{ type: "ESModule", path: BUNDLE }],
        unsafeDirectSockets: [{ host: given.host, port: Number(given.port) }],
      },
    ],
  }),
);
await miniflare.ready;
const url = await miniflare.unsafeGetDirectURL("wandstore");
if (!given.without.includes("DB")) await migrate(await miniflare.getD1Database("DB", "wandstore"));
console.log(JSON.stringify({ url: url.origin, pid: process.pid }));

async function end() {
  await miniflare.dispose();
  process.exit(0);
}
process.on("SIGTERM", end);
process.on("SIGINT", end);
