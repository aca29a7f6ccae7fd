// How often somebody may do something: a burst, and then at an even pace, as in app/util/rate_limit.py.
//
// It is counted in this isolate alone. A flood that is spread over many is the business of
// Cloudflare's own rate limiting; this keeps one page from filling the database.

const MOST_REMEMBERED = 10_000;

/** So many at once; each is given back after so many seconds. */
export interface Allowance {
  readonly burst: number;
  readonly seconds: number;
}

export class Pace {
  readonly #allowance: Allowance;
  readonly #freeAt = new Map<string, number>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Takes one; returns 0, or how many seconds it is until there is one to take. */
  take(name: string, now: number): number {
    const { burst, seconds } = this.#allowance;
    // When all that was taken will have been given back.
    const wholeAt = Math.max(this.#freeAt.get(name) ?? now, now);
    const wait = wholeAt - now - (burst - 1) * seconds;
    this.#freeAt.delete(name);
    this.#freeAt.set(name, wait <= 0 ? wholeAt + seconds : wholeAt);
    for (const longestUnseen of this.#freeAt.keys()) {
      if (this.#freeAt.size <= MOST_REMEMBERED) break;
      this.#freeAt.delete(longestUnseen);
    }
    return Math.max(wait, 0);
  }
}
