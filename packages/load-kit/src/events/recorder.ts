import { createHash } from 'node:crypto';
import type { RecordedEvent, RecordedFault } from './event-record.ts';

type WithoutTime<E> = E extends RecordedEvent ? Omit<E, 'atMs'> : never;

/** Collects the events and faults of a run, each with its time. */
export class Recorder {
  readonly events: RecordedEvent[] = [];
  readonly faults: RecordedFault[] = [];
  readonly #startedAt = performance.now();
  #sessions = 0;

  /** Returns the milliseconds since the start. */
  nowMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 100) / 100;
  }

  add(event: WithoutTime<RecordedEvent>): void {
    this.events.push({ atMs: this.nowMs(), ...event } as RecordedEvent);
  }

  /** Returns a number for a new session. */
  newSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }
}

/** Returns the hash that replaces a text in the event record. */
export const hashOf = (text: string | null | undefined): string =>
  createHash('sha1')
    .update(text ?? '')
    .digest('base64url')
    .slice(0, 12);
