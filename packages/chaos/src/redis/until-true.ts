import { pause } from '@parley/service-kit';

const POLL_INTERVAL_MS = 100;

/** Waits for a condition. A check that fails counts as false. @throws Error when it is not true in time */
export async function untilTrue(what: string, check: () => Promise<boolean>, withinMs: number): Promise<void> {
  const overdue = AbortSignal.timeout(withinMs);
  while (!(await check().catch(() => false))) {
    if (overdue.aborted) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(POLL_INTERVAL_MS, overdue);
  }
}
