import { appendFileSync } from 'node:fs';
import { Recorder } from '@parley/load-kit/events';
import { EVENTS_FILE, PROCESS_INDEX } from '../../src/samples.ts';
import { nowMs } from './measure.ts';

const WRITE_EVERY_MS = 500;
const SESSIONS_PER_PROCESS = 1_000_000;

/** Notes, with `--chaos`, all that clients did and were shown, for the checker; without it, nothing. */
class EventFile extends Recorder {
  readonly #file = process.env[EVENTS_FILE];
  readonly #pool = Number(process.env[PROCESS_INDEX] ?? 0);
  #lines: string[] = [];

  constructor() {
    super();
    if (!this.#file) return;
    setInterval(() => this.write(), WRITE_EVERY_MS).unref();
  }

  get isOn(): boolean {
    return this.#file !== undefined;
  }

  override add(event: Parameters<Recorder['add']>[0]): void {
    if (this.#file) this.#lines.push(JSON.stringify({ atMs: nowMs(), ...event }));
  }

  /** The checker wants times on one clock, and `served` carries one of its own. */
  override nowMs(): number {
    return nowMs();
  }

  override newSession(): number {
    return this.#pool * SESSIONS_PER_PROCESS + super.newSession();
  }

  /** This client was there at the end and has every message. */
  hasEverything(client: string): void {
    if (this.#file) this.#lines.push(JSON.stringify({ type: 'has-everything', client }));
  }

  /** Writes what it has: by itself now and then, and as the last thing that a user does. */
  write(): void {
    if (!this.#file || this.#lines.length === 0) return;
    appendFileSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

export const eventFile = new EventFile();
