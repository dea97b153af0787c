import type { Recorder } from '../events/recorder.ts';

/** The state of a conversation in a packet or page, without its messages. */
export interface EpochObservation {
  readonly conversationId: string;
  readonly epoch: string;
  readonly headSeq?: number;
  readonly storedSeq?: number;
}

interface EpochState {
  readonly epoch: string;
  headSeq: number;
  storedSeq: number;
}

/** Tracks the epoch of each conversation, and how far it is stored, as a client learns both. Records what is new. */
export class EpochTracker {
  readonly #client: string;
  readonly #recorder: Recorder;
  readonly #states = new Map<string, EpochState>();

  constructor(client: string, recorder: Recorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  /** Returns the highest head that was observed in the current epoch. */
  headOf(conversationId: string): number {
    return this.#states.get(conversationId)?.headSeq ?? 0;
  }

  /**
   * Records an observation.
   *
   * @returns if the epoch changed, the seq up to which the former epoch was stored; otherwise undefined
   */
  observe({ conversationId, epoch, headSeq = 0, storedSeq = 0 }: EpochObservation): number | undefined {
    const before = this.#states.get(conversationId);
    const client = this.#client;
    let state = before;
    if (state?.epoch !== epoch) {
      state = { epoch, headSeq: 0, storedSeq: 0 };
      this.#states.set(conversationId, state);
      this.#recorder.add({ type: 'epoch', client, conversationId, epoch });
    }
    state.headSeq = Math.max(state.headSeq, headSeq);
    if (storedSeq > state.storedSeq) {
      state.storedSeq = storedSeq;
      this.#recorder.add({ type: 'stored', client, conversationId, seq: storedSeq, epoch });
    }
    return before && before !== state ? before.storedSeq : undefined;
  }
}
