import type { ProcessEntry } from '@parley/local-cluster';
import type { TestBed } from '../test-bed.ts';

const CALL_DEADLINE_MS = 5_000;

export const chatServersOf = (bed: TestBed): ProcessEntry[] =>
  bed.processes().filter(({ name }) => name.startsWith('chat-server-'));

/** Whether the server reports that it is ready for traffic. */
export async function isReady({ metricsPort }: ProcessEntry): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    return (await fetch(`http://127.0.0.1:${metricsPort}/readyz`, { signal })).ok;
  } catch {
    return false;
  }
}

/** Returns the status that `/readyz` reports, or undefined without an answer. */
export async function readyStatus({ metricsPort }: ProcessEntry): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    const response = await fetch(`http://127.0.0.1:${metricsPort}/readyz`, { signal });
    return ((await response.json()) as { status?: string }).status;
  } catch {
    return undefined;
  }
}
