// Retry requests to the container while it wakes, refuses or fails; never after a response began.

import { errorName } from "../telemetry.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";
import type { ContainerClient } from "./client.ts";

/** The contract's delays before each attempt after the first, in units of `limits.retryUnitMs`. */
const RETRY_DELAYS = [1, 2, 4];
const MAX_RETRY_AFTER_SECONDS = 10;
const RETRYABLE_STATUSES = new Set([429, 500, 502, 503, 504]);

export interface FetchResult {
  /** The container's response, its body unread; null where none came in time. */
  readonly response: Response | null;
  readonly attempts: number;
  /** How the last attempt ended: a status, `late`, `left`, or an error's name. */
  readonly outcome: string;
}

/**
 * Fetch from the container until a response comes that is worth returning, for
 * `limits.responseHeadMs` in all. `signal` is that of the shopper's request: once it is aborted
 * there are no more attempts.
 */
export async function fetchWithRetry(
  container: ContainerClient,
  createRequest: (signal: AbortSignal) => Request,
  routingKey: string,
  signal: AbortSignal,
): Promise<FetchResult> {
  const { responseHeadMs } = container.limits;
  const deadline = Date.now() + responseHeadMs;
  let outcome = "late";
  let attempts = 0;
  let retryAfter = 0;
  for (const delay of [0, ...RETRY_DELAYS]) {
    const wait = delay === 0 ? 0 : Math.max(delay * container.limits.retryUnitMs, retryAfter);
    if (signal.aborted || Date.now() + wait >= deadline) break;
    if (wait > 0) await scheduler.wait(wait);
    attempts += 1;
    const attempt = await fetchOnce(
      container,
      createRequest,
      routingKey,
      Math.min(deadline - Date.now(), responseHeadMs),
      signal,
    );
    if (attempt.response !== null && !isRetryable(attempt.response))
      return { ...attempt, attempts };
    outcome = attempt.outcome;
    retryAfter = attempt.response === null ? 0 : retryAfterMs(attempt.response);
    await attempt.response?.body?.cancel();
  }
  return { response: null, attempts, outcome: signal.aborted ? "left" : outcome };
}

async function fetchOnce(
  container: ContainerClient,
  createRequest: (signal: AbortSignal) => Request,
  routingKey: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Omit<FetchResult, "attempts">> {
  const timeout = new AbortController();
  const request = createRequest(AbortSignal.any([signal, timeout.signal]));
  try {
    const response = await withTimeout(timeoutMs, container.fetch(request, routingKey));
    return { response, outcome: String(response.status) };
  } catch (error) {
    timeout.abort();
    return { response: null, outcome: error instanceof TimeoutError ? "late" : errorName(error) };
  }
}

/**
 * Say whether a response is worth another attempt. A page whose generation failed (500 in JSON) is
 * not: it would be generated again. In plain text the same status comes from Cloudflare, for a
 * container that did not start or has just died.
 */
function isRetryable(response: Response): boolean {
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return RETRYABLE_STATUSES.has(response.status) && !(isJson && response.status === 500);
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? "0");
  return Number.isFinite(seconds)
    ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS) * 1000
    : 0;
}
