import { useState } from 'react';
import { describeError } from './describe-error.ts';

/** Runs the action of a form and provides its progress and error. */
export function useSubmit(): {
  isBusy: boolean;
  error: string | null;
  submit: (action: () => Promise<unknown>) => Promise<void>;
} {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (action: () => Promise<unknown>) => {
    setIsBusy(true);
    setError(null);
    try {
      await action();
    } catch (reason) {
      setError(describeError(reason));
    } finally {
      setIsBusy(false);
    }
  };
  return { isBusy, error, submit };
}
