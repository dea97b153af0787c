import { ParleyError } from '@parley/client';
import { useState } from 'react';
import { describeError } from './describe-error.ts';
import { useSecondsUntil } from './use-seconds-until.ts';

/** Runs the action of a form and provides its progress and error. */
export function useSubmit(): {
  isBusy: boolean;
  error: string | null;
  /** Above 0: the cluster refused the action for this time, and `submit` does nothing. */
  waitSeconds: number;
  submit: (action: () => Promise<unknown>) => Promise<void>;
} {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [retryAtMs, setRetryAtMs] = useState(0);
  const waitSeconds = useSecondsUntil(retryAtMs);
  const submit = async (action: () => Promise<unknown>) => {
    if (Date.now() < retryAtMs) return;
    setIsBusy(true);
    setError(null);
    try {
      await action();
    } catch (reason) {
      setError(describeError(reason));
      if (reason instanceof ParleyError) setRetryAtMs(Date.now() + (reason.retryAfterMs ?? 0));
    } finally {
      setIsBusy(false);
    }
  };
  return { isBusy, error, waitSeconds, submit };
}

/** The label of a button that has no effect for some seconds. */
export const waitingLabel = (label: string, waitSeconds: number): string =>
  waitSeconds > 0 ? `Wait ${waitSeconds} s` : label;
