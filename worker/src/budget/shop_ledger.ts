// What models have cost all instances of the container in the last hour: paid and checked in one piece.

import { DurableObject } from "cloudflare:workers";
import { openTables } from "../util/tables.ts";

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** A call to be paid from an account, and what that may have spent this hour (app/domain/limits.py). */
export interface Claim {
  readonly account: string;
  readonly tokens: number;
  readonly max_calls: number;
  /** Unlimited where it is left out. */
  readonly max_tokens?: number;
}

/** What came of claims: the first that was refused, else all were paid in `minute`. */
export interface Verdict {
  readonly refused: number | null;
  readonly minute: number;
  /** What the first account has spent this hour. */
  readonly calls: number;
  readonly tokens: number;
}

export class ShopLedger extends DurableObject {
  readonly #sql = openTables(
    this.ctx.storage,
    `CREATE TABLE IF NOT EXISTS spent (account TEXT, minute INTEGER, calls INTEGER, tokens INTEGER,
      PRIMARY KEY (account, minute)) WITHOUT ROWID`,
  );

  /** Pay all claims or none. */
  async take(claims: readonly Claim[]): Promise<Verdict> {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    this.#forget(minute);
    const refused = claims.findIndex(({ account, tokens, max_calls, max_tokens = Infinity }) => {
      const spent = this.#spent(account);
      return spent.calls >= max_calls || spent.tokens + tokens > max_tokens;
    });
    if (refused < 0) {
      for (const { account, tokens } of claims) this.#add(account, minute, tokens);
      if ((await this.ctx.storage.getAlarm()) === null) await this.#forgetLater();
    }
    const { calls, tokens } = this.#spent(claims[0]?.account ?? "");
    return { refused: refused < 0 ? null : refused, minute, calls, tokens };
  }

  /** Give back tokens that were paid in a minute. */
  giveBack(accounts: readonly string[], minute: number, tokens: number): void {
    for (const account of accounts)
      this.#sql.exec(
        "UPDATE spent SET tokens = tokens - ? WHERE account = ? AND minute = ?",
        ...[tokens, account, minute],
      );
  }

  /** Forget what is older than an hour: accounts have clients' addresses in their names. */
  override async alarm(): Promise<void> {
    this.#forget(Math.floor(Date.now() / MINUTE_MS));
    if (this.#sql.exec("SELECT 1 FROM spent LIMIT 1").toArray().length > 0)
      await this.#forgetLater();
  }

  #spent(account: string): { calls: number; tokens: number } {
    const query = "SELECT sum(calls) AS calls, sum(tokens) AS tokens FROM spent WHERE account = ?";
    const { calls, tokens } = this.#sql.exec(query, account).one();
    return { calls: Number(calls), tokens: Number(tokens) };
  }

  #add(account: string, minute: number, tokens: number): void {
    this.#sql.exec(
      `INSERT INTO spent VALUES (?1, ?2, 1, ?3)
        ON CONFLICT DO UPDATE SET calls = calls + 1, tokens = tokens + ?3`,
      ...[account, minute, tokens],
    );
  }

  /** Forget what is over. What lies ahead was spent before the clock was put back: it counts as of now. */
  #forget(minute: number): void {
    this.#sql.exec(
      `INSERT INTO spent SELECT account, ?1, sum(calls), sum(tokens) FROM spent WHERE minute > ?1
        GROUP BY account
        ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, tokens = tokens + excluded.tokens`,
      minute,
    );
    this.#sql.exec("DELETE FROM spent WHERE minute <= ?1 - ?2 OR minute > ?1", minute, MINUTES);
  }

  #forgetLater(): Promise<void> {
    return this.ctx.storage.setAlarm(Date.now() + (MINUTES + 1) * MINUTE_MS);
  }
}
