import { appendFileSync } from 'node:fs';
import { Recorder } from '@parley/load-kit/events';
import { EVENTS_FILE, PROCESS_INDEX } from '../../src/samples.ts';
import { nowMs } from './measure.ts';

const WRITE_INTERVAL_MS = 500;
const SESSIONS_PER_PROCESS = 1_000_000;

/** Writes the events of all clients to a file for the checker. Does nothing without `--chaos`. */
class EventFile extends Recorder {
  readonly #file = process.env[EVENTS_FILE];
  readonly #pool = Number(process.env[PROCESS_INDEX] ?? 0);
  #lines: string[] = [];

  constructor() {
    super();
    if (!this.#file) return;
    setInterval(() => this.write(), WRITE_INTERVAL_MS).unref();
  }

  get isOn(): boolean {
    return this.#file !== undefined;
  }

  override add(event: Parameters<Recorder['add']>[0]): void {
    if (this.#file) this.#lines.push(JSON.stringify({ atMs: nowMs(), ...event }));
  }

  /** Time of day, so that the files of all processes can be merged. */
  override nowMs(): number {
    return nowMs();
  }

  override newSession(): number {
    return this.#pool * SESSIONS_PER_PROCESS + super.newSession();
  }

  /** Records that a client was connected at the end and has every message. */
  hasEverything(client: string): void {
    if (this.#file) this.#lines.push(JSON.stringify({ type: 'has-everything', client }));
  }

  /** Appends the collected events to the file. Called at intervals and at the end of each user. */
  write(): void {
    if (!this.#file || this.#lines.length === 0) return;
    appendFileSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

export const eventFile = new EventFile();
