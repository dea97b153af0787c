import { ParleyError } from '@parley/client';

/** Returns an error text for the user. */
export function describeError(error: unknown): string {
  if (error instanceof ParleyError) return error.message;
  return 'Something went wrong. Reload the page and try again.';
}
