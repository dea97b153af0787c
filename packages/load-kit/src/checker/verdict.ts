import type { RecordedMessage } from '../events/event-record.ts';

/** The promises, each with the number of times it was broken; all but the first two and the last must be 0. */
export interface Verdict {
  /** Messages that were accepted. */
  readonly acked: number;
  /** Faults that were carried out. */
  readonly faults: number;
  /** Messages that were acked and are missing in the store, in a member's pages, or at a member. */
  readonly lost: number;
  /** Messages with two places or ids, places with two messages, and repeats in a library client's display. */
  readonly duplicated: number;
  /** Messages that nobody sent like this, or that were shown to somebody who is no member. */
  readonly unexpected: number;
  /** Messages displayed after a later one, or placed before one that was acked before they were sent. */
  readonly reordered: number;
  /** Places of a conversation, from 1 to the highest one known, that nothing is stored at. */
  readonly gaps: number;
  /** Sessions too many, second sessions of a user, samples with more than the bound in process. */
  readonly limitViolations: number;
  /** The longest that a message waited for its ack after a fault that hit it while it waited, ms. */
  readonly longestRecoveryMs: number;
}

export const BREACHES = ['lost', 'duplicated', 'unexpected', 'reordered', 'gaps', 'limitViolations'] as const;
export type Breach = (typeof BREACHES)[number];

/** One broken promise. */
export interface Violation {
  readonly breach: Breach;
  readonly text: string;
  /** Whose story tells more: a message, a place, or a client around a time. */
  readonly about: Partial<Pick<RecordedMessage, 'conversationId' | 'seq' | 'senderId' | 'clientMessageId'>> & {
    readonly atMs?: number;
    readonly client?: string;
  };
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
}
