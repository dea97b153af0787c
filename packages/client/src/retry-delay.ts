/**
 * Returns an exponential backoff with equal jitter: a random delay between half and all of `baseMs · 2^(failures − 1)`,
 * which is capped at `maxMs`.
 */
export function retryDelayMs(failures: number, baseMs = 250, maxMs = 5_000): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures - 1, 0), 20));
  return ceilingMs / 2 + (Math.random() * ceilingMs) / 2;
}

/**
 * Returns the delay that a server asked for plus up to 20 % jitter, so that clients with the same delay spread out; 0 if it asked for
 * none.
 */
export const requestedDelayMs = (retryAfterMs: number | undefined): number =>
  (retryAfterMs ?? 0) * (1 + Math.random() / 5);

/**
 * Returns the delay after a failed attempt: the backoff, or the time that the server asked for if that is longer.
 *
 * @param failure the error or the refusing ack; one without `retryAfterMs` asks for no time
 */
export function delayAfterMs(failures: number, failure: unknown, baseMs?: number, maxMs?: number): number {
  const { retryAfterMs } = (failure ?? {}) as { retryAfterMs?: unknown };
  const requestedMs = requestedDelayMs(typeof retryAfterMs === 'number' ? retryAfterMs : undefined);
  return Math.max(retryDelayMs(failures, baseMs, maxMs), requestedMs);
}

/** Resolves after `delayMs`, or when the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
