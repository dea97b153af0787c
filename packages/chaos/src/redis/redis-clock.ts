import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Printed if libfaketime is missing. */
export const NO_FAKETIME = 'faketime is not installed (packages/chaos/install-test-tools.sh): no faults of the clock';

/** The thread-safe variant of Debian's package. */
const LIBRARY = 'libfaketimeMT.so.1';
const ROOTS = ['/usr/lib', '/usr/local/lib'];
/** How often a process looks whether its clock was set, s. */
const CACHE_SECONDS = 1;
/** How far each fault sets the clock back. */
export const CLOCK_BACK_SECONDS = 3_600;

/** The clock that the Redis processes of a rig see. It can be set back while they run. */
export class RedisClock {
  /** Environment variables of the processes. */
  readonly env: NodeJS.ProcessEnv;
  readonly #file: string;
  #offsetSeconds = 0;

  private constructor(library: string, directory: string) {
    this.#file = join(directory, 'redis-clock');
    this.env = {
      // jemalloc, with which Debian's Redis is linked, reads the clock while it starts, before libfaketime is ready for that.
      // glibc's functions, loaded before jemalloc, replace it.
      LD_PRELOAD: `${library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: String(CACHE_SECONDS),
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // a clock that is set back does not set back timers
      FAKETIME_DISABLE_SHM: '1', // a killed process would leave its shared memory
    };
    this.#write();
  }

  /** Returns undefined if libfaketime is not installed. */
  static find(directory: string): RedisClock | undefined {
    const library = findLibrary();
    return library ? new RedisClock(library, directory) : undefined;
  }

  /** Sets the clock back by one hour more. It stays back, as it does on a machine. */
  setBack(): void {
    this.#offsetSeconds -= CLOCK_BACK_SECONDS;
    this.#write();
  }

  #write(): void {
    writeFileSync(this.#file, `${this.#offsetSeconds < 0 ? '' : '+'}${this.#offsetSeconds}\n`);
  }
}

function findLibrary(): string | undefined {
  for (const root of ROOTS) {
    const directories = [root, ...entriesOf(root).map((name) => join(root, name))].map((path) =>
      join(path, 'faketime'),
    );
    const found = directories.find((directory) => entriesOf(directory).includes(LIBRARY));
    if (found) return join(found, LIBRARY);
  }
  return undefined;
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // missing, or a file
  }
}
