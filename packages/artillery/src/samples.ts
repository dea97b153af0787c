import { readFileSync } from 'node:fs';

/** What one process of the load saw in one second, or in a part of it: a line of its samples file. */
export interface SecondOfSamples {
  /** Seconds since 1970. */
  readonly at: number;
  readonly operations: Readonly<Record<string, OperationSamples>>;
  /** How much each counter grew. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface OperationSamples {
  /** How long each one took that succeeded, ms. */
  readonly durationsMs: number[];
  readonly bytes: number;
  /** How many failed, by their error code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** The names of the environment variables by which the runner tells the processors what to write, and where. */
export const SAMPLES_FILE = 'PARLEY_SAMPLES_FILE';
export const EVENTS_FILE = 'PARLEY_EVENTS_FILE';
export const PROCESS_INDEX = 'PARLEY_PROCESS_INDEX';
export const BARRIER_DIRECTORY = 'PARLEY_BARRIER_DIRECTORY';

/** Files that the runner makes in the barriers' directory, when all users who `startSession` have done so, and when all are at `verifyAndDisconnect`. */
export type Barrier = 'all-connected' | 'all-sent';

/** Reads what was added to files of lines since the last call; a line that is still being written waits for the next one. */
export class LineReader<T> {
  readonly #read = new Map<string, number>();

  readNew(file: string): T[] {
    let content: Buffer;
    try {
      content = readFileSync(file);
    } catch {
      return []; // nothing was written yet
    }
    const from = this.#read.get(file) ?? 0;
    const end = content.lastIndexOf('\n') + 1;
    if (end <= from) return [];
    this.#read.set(file, end);
    return content
      .toString('utf8', from, end)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }
}
