// Waiting, but not for ever.

export class TooLate extends Error {
  override readonly name = "TooLate";
}

/** Resolves or rejects as `promise` does, or rejects with TooLate after so many milliseconds. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate()), milliseconds);
  });
  promise.catch(() => {}); // one that fails after its time has nobody to tell
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
