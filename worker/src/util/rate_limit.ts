// Rate limiter: a burst, then one at an even interval, for each key by itself.
//
// It counts in this isolate alone. A flood that is spread over many isolates is the business of
// Cloudflare's own rate limiting; this keeps one page from filling the database.

import { RATE_LIMIT } from "../shared/constants.ts";

/** Allow `burst` at once; each of them is given back after so many seconds. */
export interface Rate {
  readonly burst: number;
  readonly seconds: number;
}

export class RateLimiter {
  readonly #rate: Rate;
  readonly #fullAt = new Map<string, number>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Take one of the key's; return 0, or after how many seconds there is one to take. */
  acquire(key: string, now: number): number {
    const { burst, seconds } = this.#rate;
    // When everything that was taken will have been given back; sooner where the clock was put back.
    const fullAt = Math.min(Math.max(this.#fullAt.get(key) ?? now, now), now + burst * seconds);
    const wait = fullAt - now - (burst - 1) * seconds;
    this.#fullAt.delete(key);
    this.#fullAt.set(key, wait <= 0 ? fullAt + seconds : fullAt);
    for (const leastRecent of this.#fullAt.keys()) {
      if (this.#fullAt.size <= RATE_LIMIT.MAX_KEYS) break;
      this.#fullAt.delete(leastRecent);
    }
    return Math.max(wait, 0);
  }
}
