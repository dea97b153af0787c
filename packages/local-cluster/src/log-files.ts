import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { copyFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const LIMITS = { maxBytes: 16 * 1024 * 1024, checkEveryMs: 5_000 };
const TAIL_BYTES = 4_096;

/**
 * The log files of the supervised processes. Each process writes to its file directly, and no output is lost when the supervisor
 * is killed. A file above the size limit is copied to `NAME.log.1` and truncated: each process has at most two files of that size.
 */
export class LogFiles {
  readonly #directory: string;
  readonly #names = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #maxBytes: number;
  #checking = Promise.resolve();

  constructor(directory: string, onError: (error: unknown) => void, limits = LIMITS) {
    this.#directory = directory;
    this.#maxBytes = limits.maxBytes;
    this.#timer = setInterval(() => {
      this.#checking = this.#checking.then(() => this.#rotate()).catch(onError);
    }, limits.checkEveryMs);
  }

  pathOf(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  /** Opens the log for a process that is about to start. The caller closes the descriptor. */
  open(name: string): number {
    this.#names.add(name);
    return openSync(this.pathOf(name), 'a');
  }

  sizeOf(name: string): number {
    return statSync(this.pathOf(name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Returns the last line written since the file had this size; '' if there is none. */
  lastLineSince(name: string, size: number): string {
    const grown = this.sizeOf(name);
    const start = Math.max(size, grown - TAIL_BYTES);
    if (grown <= start) return '';
    const file = openSync(this.pathOf(name), 'r');
    try {
      const tail = Buffer.alloc(grown - start);
      readSync(file, tail, 0, tail.length, start);
      return tail.toString().trimEnd().split('\n').at(-1) ?? '';
    } finally {
      closeSync(file);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  async #rotate(): Promise<void> {
    for (const name of this.#names) {
      const path = this.pathOf(name);
      if (this.sizeOf(name) < this.#maxBytes) continue;
      await copyFile(path, `${path}.1`);
      await truncate(path); // its writers append, and continue at the new end
    }
  }
}
