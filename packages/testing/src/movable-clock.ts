import { describe } from '@jest/globals';
import { canMoveClock } from './redis-servers/movable-clock.ts';

export { MovableClock } from './redis-servers/movable-clock.ts';

/** Defines a group of tests that use a movable clock. Without libfaketime they are skipped, and the title says why. */
export function describeWithMovableClock(title: string, tests: () => void): void {
  if (canMoveClock) describe(title, tests);
  else describe.skip(`${title} (skipped: no libfaketime: apt-get install faketime)`, tests);
}
