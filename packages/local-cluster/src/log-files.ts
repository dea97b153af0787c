import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { copyFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const LIMITS = { maxBytes: 16 * 1024 * 1024, checkEveryMs: 5_000 };
const TAIL_BYTES = 4_096;

/**
 * The files that processes write their output to, by themselves: it is complete even when the supervisor dies. A file that has
 * grown too long is copied to `NAME.log.1` and emptied, so each process keeps at most two such lengths.
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
      this.#checking = this.#checking.then(() => this.#shorten()).catch(onError);
    }, limits.checkEveryMs);
  }

  pathOf(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  /** Opens the log for a process that is about to start; the caller closes the descriptor. */
  open(name: string): number {
    this.#names.add(name);
    return openSync(this.pathOf(name), 'a');
  }

  sizeOf(name: string): number {
    return statSync(this.pathOf(name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last line that was written since the file had this size; '' = none. */
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

  async #shorten(): Promise<void> {
    for (const name of this.#names) {
      const path = this.pathOf(name);
      if (this.sizeOf(name) < this.#maxBytes) continue;
      await copyFile(path, `${path}.1`);
      await truncate(path); // its writers append: they go on at the new end
    }
  }
}
