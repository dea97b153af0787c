import type { RecordedMessage } from '../events/event-record.ts';

/** Result of a check: the number of violations of each guarantee, and figures about the run. */
export interface Verdict {
  /** Acked messages. */
  readonly acked: number;
  /** Injected faults. */
  readonly faults: number;
  /** Acked messages that are missing in the store, in the pages, or at a member. */
  readonly lost: number;
  /** Messages with two positions or ids, positions with two messages, and messages that a library client displayed twice. */
  readonly duplicated: number;
  /** Messages that nobody sent in this form, and messages that a non-member saw. */
  readonly unexpected: number;
  /** Messages displayed after one with a higher `seq`, and messages with a lower `seq` than one acked before they were sent. */
  readonly reordered: number;
  /** Positions without a message, from 1 to a conversation's highest known `seq`. */
  readonly gaps: number;
  /** Sessions above the limit, second sessions of a user, and samples above a limit. */
  readonly limitViolations: number;
  /** The longest time from the end of a fault to the ack of a message that was waiting when the fault was active, ms. */
  readonly longestRecoveryMs: number;
}

export const VIOLATION_KINDS = ['lost', 'duplicated', 'unexpected', 'reordered', 'gaps', 'limitViolations'] as const;
export type ViolationKind = (typeof VIOLATION_KINDS)[number];

/** One violation of a guarantee. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
  /** The events that explain it belong to this message, position, or client around this time. */
  readonly about: Partial<Pick<RecordedMessage, 'conversationId' | 'seq' | 'senderId' | 'clientMessageId'>> & {
    readonly atMs?: number;
    readonly client?: string;
  };
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
}
