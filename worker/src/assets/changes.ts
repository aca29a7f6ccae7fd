// What this isolate knows to have changed since the shop was published.

import { count } from "../metrics/counters.ts";
import { REGISTRY } from "../shared/constants.ts";
import { withTimeout } from "../util/timeout.ts";
import type { ChangedFile, ShopFiles } from "./shop_files.ts";

const FRESH_MS = 1_000;
/** Past this a request waits for what has changed: with the other looks 5 s must not be over. */
const STALE_MS = 3_000;
const TIMEOUT_MS = 500;
const MAX_CACHED_FILES = 64;
/** Of one file: an isolate has 128 MB for everything. */
const MAX_CACHED_BYTES = 256 * 1024;

type FilesNamespace = DurableObjectNamespace<ShopFiles>;

const nothing = { edition: "", revision: 0, checkedAt: 0 };

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
  const now = Date.now();
  const age = Math.abs(now - current.checkedAt); // the clock may have been put back
  if (age >= FRESH_MS) {
    current.checkedAt = now; // whoever comes meanwhile goes by what is known
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
