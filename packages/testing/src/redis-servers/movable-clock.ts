import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The thread-safe library, where it is after `apt-get install faketime`, or after an installation from its sources. */
const LIBRARIES = ['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/local/lib/faketime/libfaketimeMT.so.1'];

const [library] = globSync(LIBRARIES);

/** Whether libfaketime is installed. Without it, programs use the true clock. */
export const canMoveClock = library !== undefined;

/**
 * A wall clock for programs, which can be set while they run. Their monotonic clock stays true, as when an operator or NTP sets the
 * clock.
 */
export class MovableClock {
  /** The environment of a program that uses this clock. */
  readonly env: NodeJS.ProcessEnv;
  readonly #file: string;
  #offsetSeconds = 0;

  /**
   * @param directory for the file with the offset
   * @param options.cacheSeconds for how long a program may use an old offset; 0 = it reads the file each time, which is slower
   */
  constructor(directory: string, { cacheSeconds = 0 } = {}) {
    this.#file = join(directory, 'clock');
    this.env = {
      // The allocator of libc comes before jemalloc, which Redis uses: jemalloc reads the clock before libfaketime is initialised.
      LD_PRELOAD: library && `${library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      ...(cacheSeconds === 0 ? { FAKETIME_NO_CACHE: '1' } : { FAKETIME_CACHE_DURATION: String(cacheSeconds) }),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DISABLE_SHM: '1', // a killed process would leave its shared memory
    };
    this.setOffset(0);
  }

  get offsetSeconds(): number {
    return this.#offsetSeconds;
  }

  /** Sets the clock to the true time plus this offset. */
  setOffset(seconds: number): void {
    this.#offsetSeconds = seconds;
    writeFileSync(`${this.#file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}s\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
