import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** Where libfaketime is after `apt-get install faketime`, or after an installation from its sources. */
const LIBRARIES = ['/usr/lib/*/faketime/libfaketime.so.1', '/usr/local/lib/faketime/libfaketime.so.1'];

const [library] = globSync(LIBRARIES);

const MISSING = 'no libfaketime: apt-get install faketime';

/** A wall clock for programs that a test starts. Their monotonic clock stays true, as when an operator or NTP sets the clock. */
export interface MovableClock {
  /** The environment of a program that uses this clock. */
  readonly env: NodeJS.ProcessEnv;
  /** Sets the clock to the true time plus this offset, at once. */
  setOffset(seconds: number): void;
}

/** @param directory for the file with the offset */
export function newMovableClock(directory: string): MovableClock {
  const file = join(directory, 'clock');
  const setOffset = (seconds: number) => {
    writeFileSync(`${file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}s\n`);
    renameSync(`${file}.new`, file);
  };
  setOffset(0);
  return {
    env: {
      // The allocator of libc comes before jemalloc, which Redis uses: jemalloc reads the clock before libfaketime is initialised.
      LD_PRELOAD: library && `${library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    setOffset,
  };
}

/** Defines a group of tests that use a movable clock. Without libfaketime they are skipped, and the title says why. */
export function describeWithMovableClock(title: string, tests: () => void): void {
  if (library === undefined) describe.skip(`${title} (skipped: ${MISSING})`, tests);
  else describe(title, tests);
}
