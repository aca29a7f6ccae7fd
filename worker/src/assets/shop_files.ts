// What has changed since the shop was published: files in the place of published ones.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { count } from "../metrics/counters.ts";
import { REGISTRY } from "../shared/constants.ts";
import { withTimeout } from "../util/timeout.ts";

/** How long files of a publishing are kept that nobody has put anything to: another has followed. */
const KEPT_MS = 90 * 24 * 3_600_000;
const FRESH_MS = 1_000;
/** Past this a request waits for what has changed: with the other looks 5 s must not be over. */
const STALE_MS = 3_000;
const TIMEOUT_MS = 500;
const MAX_CACHED_FILES = 64;
/** Of one file: an isolate has 128 MB for everything. */
const MAX_CACHED_BYTES = 256 * 1024;

/** A file's key; an empty one where the file was removed. */
export interface Change {
  readonly path: string;
  readonly key: string;
  readonly revision: number;
}

/** A file with its key, as it is now. */
export interface ChangedFile {
  readonly key: string;
  readonly body: ArrayBuffer;
}

/** One of these goes with each publishing: what is published anew has all that was changed before. */
export class ShopFiles extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, key TEXT, revision INTEGER, body BLOB)",
    );
  }

  /** Return what has changed after a revision. */
  since(revision: number): Change[] {
    const query = "SELECT path, key, revision FROM files WHERE revision > ? ORDER BY revision";
    return this.#sql
      .exec<{ path: string; key: string; revision: number }>(query, revision)
      .toArray();
  }

  /** Keep a file in the place of the published one; without a body there is none any more. */
  async put(path: string, key: string, body: ArrayBuffer | null): Promise<void> {
    this.#sql.exec(
      "INSERT OR REPLACE INTO files SELECT ?, ?, coalesce(max(revision), 0) + 1, ? FROM files",
      ...[path, key, body],
    );
    await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
  }

  read(path: string): ChangedFile | null {
    const query = "SELECT key, body FROM files WHERE path = ? AND body IS NOT NULL";
    return this.#sql.exec<{ key: string; body: ArrayBuffer }>(query, path).toArray()[0] ?? null;
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

export type FilesNamespace = DurableObjectNamespace<ShopFiles>;

const nothing = { edition: "", revision: 0, checkedAt: 0 };

/** What this isolate knows to have changed since the shop was published. */
let known = { ...nothing, keys: new Map<string, string>(), files: new Map<string, ChangedFile>() };

/**
 * Return the key of a file that has changed since, an empty one where it was removed. Once a second
 * somebody's request looks for changes, `after` it was answered: only after a pause it waits for them.
 */
export async function changedKey(
  namespace: FilesNamespace,
  edition: string,
  path: string,
  after: (work: Promise<unknown>) => void,
): Promise<string | undefined> {
  if (known.edition !== edition) known = { ...nothing, edition, keys: new Map(), files: new Map() };
  const current = known;
  const age = Date.now() - current.checkedAt;
  if (age >= FRESH_MS) {
    current.checkedAt += age; // whoever comes meanwhile goes by what is known
    const looking = lookForChanges(namespace, current);
    if (age < STALE_MS) after(looking);
    else await looking;
  }
  return current.keys.get(path);
}

async function lookForChanges(namespace: FilesNamespace, current: typeof known): Promise<void> {
  try {
    const stub = namespace.get(namespace.idFromName(current.edition));
    const changes = await withTimeout(TIMEOUT_MS, stub.since(current.revision));
    for (const change of changes) current.keys.set(change.path, change.key);
    current.revision = changes.at(-1)?.revision ?? current.revision;
  } catch {
    count(REGISTRY.EVENTS, ["failed", "files"]);
  }
}

/** Return a file that has changed since; null where it is gone, or cannot be read in time. */
export async function changedFile(
  namespace: FilesNamespace,
  edition: string,
  path: string,
  key: string,
): Promise<ChangedFile | null> {
  const { files } = known;
  const cached = files.get(path);
  if (cached?.key === key) return cached;
  const stub = namespace.get(namespace.idFromName(edition));
  const file = await withTimeout(TIMEOUT_MS, stub.read(path))
    .then(unpack)
    .catch(() => {
      count(REGISTRY.EVENTS, ["failed", "files"]);
      return null;
    });
  if (file === null || file.body.byteLength > MAX_CACHED_BYTES) return file;
  if (files.size >= MAX_CACHED_FILES) files.clear();
  files.set(path, file);
  return file;
}

async function unpack(file: ChangedFile | null): Promise<ChangedFile | null> {
  if (file === null) return null;
  const stream = new Response(file.body).body?.pipeThrough(new DecompressionStream("gzip"));
  return { ...file, body: await new Response(stream).arrayBuffer() };
}
