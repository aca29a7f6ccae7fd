// Bound how long a promise is awaited.

export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Settle as `promise` does, or reject with TimeoutError after so many milliseconds. */
export async function withTimeout<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError()), milliseconds);
  });
  promise.catch(() => {}); // a rejection after the timeout has nobody left to handle it
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Return how many of the milliseconds are left: a quarter at least, whatever the clock was set to. */
export function leftOf(milliseconds: number, startedAt: number): number {
  const left = milliseconds - (Date.now() - startedAt);
  return Math.min(Math.max(left, milliseconds / 4), milliseconds);
}
