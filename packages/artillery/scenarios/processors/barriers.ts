import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GATES_DIRECTORY, type Gate } from '../../src/samples.ts';

const LOOK_EVERY_MS = 100;

const directory = process.env[GATES_DIRECTORY];
const openings = new Map<Gate, Promise<void>>();

/**
 * Waits for all users of all processes, at most for so long: the runner opens a gate when the last one is there. Without the
 * runner there are no gates to wait at.
 */
export async function passGate(gate: Gate, deadlineMs: number): Promise<void> {
  if (!directory) return;
  const opening = openings.get(gate) ?? untilItExists(join(directory, gate));
  openings.set(gate, opening);
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
