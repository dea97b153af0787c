import { ParleyError } from '@parley/client';
import { useEffect, useState } from 'react';

/**
 * Repeats an effect when the time that a refusal asked for has passed.
 *
 * @returns `attempt`, a dependency of the effect, and `retryAfter`, which the effect calls with its error
 */
export function useRetryAfter(): { attempt: number; retryAfter: (reason: unknown) => void } {
  const [attempt, setAttempt] = useState(0);
  const [delayMs, setDelayMs] = useState<number | undefined>();
  useEffect(() => {
    if (delayMs === undefined) return;
    const timer = setTimeout(() => {
      setDelayMs(undefined);
      setAttempt((before) => before + 1);
    }, delayMs);
    return () => clearTimeout(timer);
  }, [delayMs]);
  return {
    attempt,
    retryAfter: (reason) => setDelayMs(reason instanceof ParleyError ? reason.retryAfterMs : undefined),
  };
}
