import type { NumberedMessage } from './protocol-adapter.ts';

/** Consecutive numbers of one stream. */
export interface Run {
  readonly stream: number;
  readonly first: number;
  readonly last: number;
}

/** A packet that many clients receive. */
export interface CachedFrame {
  readonly bytes: Buffer;
  readonly runs: readonly Run[];
  /** Send times of the messages, from the stamps in their texts. */
  readonly sentAtMs: readonly number[];
  /** Arrivals in the current time slot that are not in the histogram yet. */
  slot: number;
  slotCount: number;
}

const MAX_FRAMES = 2_048;
const SAMPLED_BYTES = 24;

/**
 * Parses each distinct packet once. All clients of a room receive the same bytes, so a packet that is already cached costs a hash
 * of a few bytes and one comparison.
 */
export class FrameCache {
  readonly #frames = new Map<number, CachedFrame>();
  readonly #streams = new Map<string, number>();
  readonly #messagesOf: (packet: readonly unknown[]) => readonly NumberedMessage[];
  readonly #onEvicted: (frame: CachedFrame) => void;

  /** @param onEvicted called with a frame that may have arrivals that are not counted yet */
  constructor(
    messagesOf: (packet: readonly unknown[]) => readonly NumberedMessage[],
    onEvicted: (frame: CachedFrame) => void,
  ) {
    this.#messagesOf = messagesOf;
    this.#onEvicted = onEvicted;
  }

  /** @param start index of the packet's JSON array */
  lookUp(buffer: Buffer, start: number, end: number): CachedFrame {
    const hash = hashOf(buffer, start, end);
    const known = this.#frames.get(hash);
    if (known && known.bytes.compare(buffer, start, end) === 0) return known;
    if (known) this.#onEvicted(known);
    this.#frames.delete(hash);
    const frame = this.#parse(buffer, start, end);
    this.#frames.set(hash, frame);
    if (this.#frames.size > MAX_FRAMES) this.#evictOldest();
    return frame;
  }

  /** Returns the number that stands for a stream in this process. */
  streamOf(name: string): number {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = this.#streams.size;
      this.#streams.set(name, stream);
    }
    return stream;
  }

  evictAll(): void {
    for (const frame of this.#frames.values()) this.#onEvicted(frame);
    this.#frames.clear();
  }

  #evictOldest(): void {
    for (const [hash, frame] of this.#frames) {
      this.#onEvicted(frame);
      this.#frames.delete(hash);
      return;
    }
  }

  #parse(buffer: Buffer, start: number, end: number): CachedFrame {
    const bytes = Buffer.from(buffer.subarray(start, end));
    const messages = this.#messagesOf(JSON.parse(bytes.toString()) as unknown[]);
    const runs: Run[] = [];
    for (const { stream: name, number } of messages) {
      const stream = this.streamOf(name);
      const run = runs.at(-1);
      if (run?.stream === stream && run.last + 1 === number) runs[runs.length - 1] = { ...run, last: number };
      else runs.push({ stream, first: number, last: number });
    }
    return { bytes, runs, sentAtMs: messages.map(({ text }) => Number.parseFloat(text)), slot: 0, slotCount: 0 };
  }
}

/** FNV-1a of the length and of bytes at equal distances. Packets with the same hash are compared. */
function hashOf(buffer: Buffer, start: number, end: number): number {
  const size = end - start;
  const step = Math.max(1, Math.floor(size / SAMPLED_BYTES));
  let hash = 0x811c9dc5 ^ size;
  for (let at = start; at < end; at += step) hash = Math.imul(hash ^ (buffer[at] ?? 0), 0x01000193);
  return hash;
}
