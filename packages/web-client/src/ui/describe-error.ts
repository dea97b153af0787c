import { ParleyError } from '@parley/client';

/** What went wrong, for the person in front of it. */
export function describeError(error: unknown): string {
  if (error instanceof ParleyError) return error.message;
  return 'Something went wrong in this page: reload it and try again.';
}
