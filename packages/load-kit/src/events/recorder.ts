import { createHash } from 'node:crypto';
import type { RecordedEvent, RecordedFault } from './event-record.ts';

type WithoutTime<E> = E extends RecordedEvent ? Omit<E, 'atMs'> : never;

/** Notes what happens, when it happens. */
export class Recorder {
  readonly events: RecordedEvent[] = [];
  readonly faults: RecordedFault[] = [];
  readonly #startedAt = performance.now();
  #sessions = 0;

  /** Milliseconds since the start. */
  nowMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 100) / 100;
  }

  add(event: WithoutTime<RecordedEvent>): void {
    this.events.push({ atMs: this.nowMs(), ...event } as RecordedEvent);
  }

  /** A number for a session that is being opened. */
  newSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }
}

/** What stands for a text in the record. */
export const hashOf = (text: string | null | undefined): string =>
  createHash('sha1')
    .update(text ?? '')
    .digest('base64url')
    .slice(0, 12);
