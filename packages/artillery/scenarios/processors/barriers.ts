import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BARRIER_DIRECTORY, type Barrier } from '../../src/samples.ts';

const POLL_INTERVAL_MS = 100;

const directory = process.env[BARRIER_DIRECTORY];
const releases = new Map<Barrier, Promise<void>>();

/** Waits until the runner releases a barrier, at most `deadlineMs`. Returns at once if Artillery was started without the runner. */
export async function waitAtBarrier(barrier: Barrier, deadlineMs: number): Promise<void> {
  if (!directory) return;
  const release = releases.get(barrier) ?? untilItExists(join(directory, barrier));
  releases.set(barrier, release);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([release, deadline]);
  clearTimeout(timer);
}

/** One poll for all users of this process. */
function untilItExists(file: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!existsSync(file)) return;
      clearInterval(timer);
      resolve();
    }, POLL_INTERVAL_MS);
    timer.unref(); // the barrier may never be released
  });
}
