// Run the Worker on this machine: workerd with KV and D1 in a folder, for `make edge` and tests.
//
//   node local.mjs --port 8787 --state FOLDER --public FOLDER [--migrations FOLDER]
//
// Each `--without KV,DB` is one Worker more that lacks these bindings, with a KV of its own.
// Variables of the Worker that are set in the environment are passed to it: see WORKER_VARIABLES.
// It writes one line of JSON when it listens, `{"url": ..., "without": {"KV,DB": ...}}`, then the
// Workers' log; it ends on SIGTERM.

import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { enableCompileCache } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

const FOLDER = import.meta.dirname;
enableCompileCache(path.join(FOLDER, "node_modules", ".cache", "node"));
const { convertV4MiniflareOptions, Miniflare } = await import("miniflare");
const { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } = await import("wrangler");

const BUNDLE = path.join(FOLDER, ".build", "index.js");
const WORKER_VARIABLES =
  /^(SESSION_SECRET|SESSION_SECRETS_BEFORE|WORKER_SECRET|CONTAINER_URL|CONTAINER_INSTANCES|LOCAL_BINDINGS_TOKEN|WANDSTORE_OPERATOR_TOKEN|WANDSTORE_SHOPIFY_STORE|WANDSTORE_SHOPIFY_SECRET|WANDSTORE_CATALOG_URL|[A-Z_]+_MS)$/;
process.env.LOCAL_BINDINGS_TOKEN ||= randomUUID();

const { values: args } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    host: { type: "string", default: "127.0.0.1" },
    state: { type: "string" },
    public: { type: "string", default: path.join(FOLDER, "public") },
    migrations: { type: "string", default: path.join(FOLDER, "..", "migrations") },
    without: { type: "string", multiple: true, default: [] },
  },
});

function workerOptions(name, port, without) {
  const { workerOptions: options } = unstable_getMiniflareWorkerOptions(
    path.join(FOLDER, "wrangler.toml"),
    undefined,
    {
      overrides: { assets: { directory: args.public }, enableContainers: false },
    },
  );
  const variables = Object.entries(process.env).filter(([name]) => WORKER_VARIABLES.test(name));
  const { modulesRules: _, ...others } = options; // the bundle is one module
  const bound = {
    ...others,
    name,
    bindings: { ...others.bindings, ...Object.fromEntries(variables) },
    modules: [{ type: "ESModule", path: BUNDLE }],
    unsafeDirectSockets: [{ host: args.host, port }],
  };
  if (without.length > 0) bound.kvNamespaces = { KV: name };
  if (without.includes("KV")) delete bound.kvNamespaces;
  if (without.includes("DB")) delete bound.d1Databases;
  return bound;
}

function nameWithout(names) {
  return `wandstore-without-${names.toLowerCase().replace(",", "-")}`;
}

// By the way that the container goes to D1: Miniflare's own takes as long as all the rest.
async function migrate(worker) {
  const query = async (...statements) => {
    const answer = await fetch(new URL("/_bindings/d1/", worker), {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.LOCAL_BINDINGS_TOKEN}` },
      body: JSON.stringify({ statements }),
    });
    if (!answer.ok) throw new Error(`D1 answers ${answer.status} to ${statements[0].sql}`);
    return (await answer.json()).results;
  };
  const table =
    "CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)";
  const record = "INSERT INTO d1_migrations VALUES (?, datetime())";
  const [, rows] = await query(
    { sql: table, params: [] },
    { sql: "SELECT name FROM d1_migrations", params: [] },
  );
  const applied = new Set(rows.map((row) => row.name));
  const names = (await readdir(args.migrations)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names.filter((name) => !applied.has(name))) {
    const text = await readFile(path.join(args.migrations, name), "utf8");
    const statements = unstable_splitSqlQuery(text).map((sql) => ({ sql, params: [] }));
    await query(...statements, { sql: record, params: [name] });
  }
}

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0, // of miniflare's own entrance, which is not used: requests go to the Worker's socket
    ...(args.state ? { resourcePersistencePath: path.resolve(args.state) } : {}),
    telemetry: { enabled: false },
    workers: [
      workerOptions("wandstore", Number(args.port), []),
      ...args.without.map((names) => workerOptions(nameWithout(names), 0, names.split(","))),
    ],
  }),
);
process.on("SIGTERM", shutDown);
process.on("SIGINT", shutDown);
await miniflare.ready;
const url = await miniflare.unsafeGetDirectURL("wandstore");
const without = {};
for (const names of args.without) {
  without[names] = (await miniflare.unsafeGetDirectURL(nameWithout(names))).origin;
}
await migrate(url);
console.log(JSON.stringify({ url: url.origin, without, pid: process.pid }));

async function shutDown() {
  await miniflare.dispose();
  process.exit(0);
}
