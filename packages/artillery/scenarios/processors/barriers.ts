import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BARRIER_DIRECTORY, type Barrier } from '../../src/samples.ts';

const LOOK_EVERY_MS = 100;

const directory = process.env[BARRIER_DIRECTORY];
const openings = new Map<Barrier, Promise<void>>();

/**
 * Waits for all users of all processes, at most for so long: the runner opens a barrier when the last one is there. Without the
 * runner there are no barriers to wait at.
 */
export async function waitAtBarrier(barrier: Barrier, deadlineMs: number): Promise<void> {
  if (!directory) return;
  const opening = openings.get(barrier) ?? untilItExists(join(directory, barrier));
  openings.set(barrier, opening);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([opening, deadline]);
  clearTimeout(timer);
}

/** One look for everybody in this process. */
function untilItExists(file: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!existsSync(file)) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS);
    timer.unref(); // the runner may open it never
  });
}
