import { readFileSync } from 'node:fs';

/** Measurements of one Artillery process during one second or a part of it: one line of its samples file. */
export interface SecondOfSamples {
  /** Seconds since 1970. */
  readonly at: number;
  readonly operations: Readonly<Record<string, OperationSamples>>;
  /** Increments of the counters. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface OperationSamples {
  /** Durations of the successful operations, ms. */
  readonly durationsMs: number[];
  readonly bytes: number;
  /** Number of failed operations by error code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Environment variables that the runner sets for the scenario processors. */
export const SAMPLES_FILE = 'PARLEY_SAMPLES_FILE';
export const EVENTS_FILE = 'PARLEY_EVENTS_FILE';
export const PROCESS_INDEX = 'PARLEY_PROCESS_INDEX';
export const BARRIER_DIRECTORY = 'PARLEY_BARRIER_DIRECTORY';

/**
 * A barrier at which users wait for each other, and the file that releases it: `all-connected` when all users have called
 * `startSession`, `all-sent` when all have reached `verifyAndDisconnect`.
 */
export type Barrier = 'all-connected' | 'all-sent';

/** Reads the lines that were added to files since the previous call. Incomplete lines are read by a later call. */
export class LineReader<T> {
  readonly #read = new Map<string, number>();

  readNew(file: string): T[] {
    let content: Buffer;
    try {
      content = readFileSync(file);
    } catch {
      return []; // the file does not exist yet
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
