// Asking the container: again where it wakes, refuses or fails, and never once it has begun to answer.

import { TimeoutError, withTimeout } from "../util/timeout.ts";
import type { Limits } from "../env.ts";
import { errorName } from "../telemetry.ts";
import type { Upstream } from "./client.ts";

/** The contract's pauses before asking again, in units. */
const PAUSES = [1, 2, 4];
const LONGEST_RETRY_AFTER = 10;
const RETRYABLE = new Set([429, 500, 502, 503, 504]);

export interface Asked {
  /** The container's answer, its body unread; null where none came in time. */
  readonly answer: Response | null;
  readonly attempts: number;
  /** What the last attempt ended with: a status, `late`, `left`, or an error's name. */
  readonly outcome: string;
}

/**
 * Asks until the head of an answer comes that is worth reading, for `limits.head` in all.
 * `signal` is the shopper's: whoever has left is not asked for.
 */
export async function ask(
  upstream: Upstream,
  make: (signal: AbortSignal) => Request,
  place: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<Asked> {
  const until = Date.now() + limits.responseHeadMs;
  let outcome = "late";
  let attempts = 0;
  let restFor = 0; // as long as the container itself asks for
  for (const pause of [0, ...PAUSES]) {
    const wait = pause === 0 ? 0 : Math.max(pause * limits.retryUnitMs, restFor);
    if (signal.aborted || Date.now() + wait >= until) break;
    if (wait > 0) await scheduler.wait(wait);
    attempts += 1;
    const attempt = await once(upstream, make, place, until - Date.now(), signal);
    if (attempt.answer !== null && !worthAnother(attempt.answer)) return { ...attempt, attempts };
    outcome = attempt.outcome;
    restFor = attempt.answer === null ? 0 : retryAfter(attempt.answer);
    await attempt.answer?.body?.cancel();
  }
  return { answer: null, attempts, outcome: signal.aborted ? "left" : outcome };
}

async function once(
  upstream: Upstream,
  make: (signal: AbortSignal) => Request,
  place: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Omit<Asked, "attempts">> {
  const giveUp = new AbortController();
  const request = make(AbortSignal.any([signal, giveUp.signal]));
  try {
    const answer = await withTimeout(milliseconds, upstream(request, place));
    return { answer, outcome: String(answer.status) };
  } catch (error) {
    giveUp.abort();
    return { answer: null, outcome: error instanceof TimeoutError ? "late" : errorName(error) };
  }
}

/**
 * A page that failed to be composed is an answer (500 in JSON): asking again would compose it again.
 * In plain text the same status is the container's own, of one that did not start or has just died.
 */
function worthAnother(answer: Response): boolean {
  const ours = answer.headers.get("content-type")?.startsWith("application/json") ?? false;
  return RETRYABLE.has(answer.status) && !(ours && answer.status === 500);
}

function retryAfter(answer: Response): number {
  const seconds = Number(answer.headers.get("retry-after") ?? "0");
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST_RETRY_AFTER) * 1000 : 0;
}
