// What has changed since the shop was published: files in the place of published ones.

import { DurableObject } from "cloudflare:workers";
import { openTables } from "../util/tables.ts";

/** What a row of a Durable Object may have, less what stands beside it. */
const ROW_BYTES = 2_000_000;

/** How long files of a publishing are kept that nobody has put anything to: another has followed. */
const KEPT_MS = 90 * 24 * 3_600_000;

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
export class ShopFiles extends DurableObject {
  readonly #sql = openTables(
    this.ctx.storage,
    `CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, key TEXT, revision INTEGER, body BLOB);
    CREATE TABLE IF NOT EXISTS rest (path TEXT, at INTEGER, body BLOB, PRIMARY KEY (path, at))`,
  );

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
      ...[path, key, body?.slice(0, ROW_BYTES) ?? null],
    );
    this.#sql.exec("DELETE FROM rest WHERE path = ?", path);
    for (let at = ROW_BYTES; body !== null && at < body.byteLength; at += ROW_BYTES)
      this.#sql.exec("INSERT INTO rest VALUES (?, ?, ?)", path, at, body.slice(at, at + ROW_BYTES));
    await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
  }

  async read(path: string): Promise<ChangedFile | null> {
    const query = "SELECT key, body FROM files WHERE path = ? AND body IS NOT NULL";
    const [file] = this.#sql.exec<{ key: string; body: ArrayBuffer }>(query, path).toArray();
    if (file === undefined) return null;
    const rest = this.#sql
      .exec<{ body: ArrayBuffer }>("SELECT body FROM rest WHERE path = ? ORDER BY at", path)
      .toArray();
    const whole = new Blob([file.body, ...rest.map(({ body }) => body)]);
    return { key: file.key, body: await whole.arrayBuffer() };
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}
