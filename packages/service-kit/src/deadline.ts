/** An operation that did not finish before its deadline. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  constructor(operation: string, deadlineMs: number) {
    super(`${operation} took longer than ${deadlineMs} ms`);
  }
}

/**
 * Settles as `promise` does, or rejects with `DeadlineExceeded` after `deadlineMs`. The operation is not cancelled; its
 * later outcome is ignored.
 */
export function withDeadline<T>(promise: Promise<T>, deadlineMs: number, operation: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineExceeded(operation, deadlineMs)), deadlineMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Resolves after `delayMs`, or at once when the signal aborts. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/**
 * Returns an exponential backoff with equal jitter: half of `baseMs · 2^failures` (at most `maxMs`), plus a random part of
 * up to the other half. The fixed half guarantees a minimum pause; the random half spreads the retries of many callers.
 */
export function backoffMs(failures: number, baseMs = 50, maxMs = 5_000): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 20));
  return ceilingMs / 2 + (Math.random() * ceilingMs) / 2;
}
