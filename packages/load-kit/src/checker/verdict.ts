import type { RecordedClient, RecordedMessage } from '../events/event-record.ts';
import type { KindRecovery } from './recovery.ts';

/** Result of a check: the number of violations of each guarantee, and figures about the run. */
export interface Verdict {
  /** Acked messages. */
  readonly acked: number;
  /** Injected faults. */
  readonly faults: number;
  /** Acked messages that are missing in the store, in the pages, or at a member, although Redis had no reason to lose them. */
  readonly lost: number;
  /** Acked messages of plain clients that Redis lost with an ended epoch, and that no report called stored. No violation. */
  readonly lostByRedis: number;
  /** Positions that a placeholder fills, because Redis lost their messages. No violation. */
  readonly placeholders: number;
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
  /** The longest recovery from a fault, ms. */
  readonly longestRecoveryMs: number;
}

export const VIOLATION_KINDS = ['lost', 'duplicated', 'unexpected', 'reordered', 'gaps', 'limitViolations'] as const;
export type ViolationKind = (typeof VIOLATION_KINDS)[number];

/** One violation of a guarantee. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
  /** The clients that it affects; undefined if it affects all. */
  readonly clients?: RecordedClient['kind'] | undefined;
  /** The events that explain it belong to this message, position, or client around this time. */
  readonly about: Partial<Pick<RecordedMessage, 'conversationId' | 'seq' | 'senderId' | 'clientMessageId'>> & {
    readonly atMs?: number;
    readonly client?: string;
  };
}

/** Acked messages of one kind of clients, and the violations that affect these clients alone. */
export interface ClientVerdict {
  readonly acked: number;
  readonly lost: number;
  readonly lostByRedis: number;
  readonly duplicated: number;
  readonly reordered: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly clients: Readonly<Record<RecordedClient['kind'], ClientVerdict>>;
  readonly recoveries: readonly KindRecovery[];
  readonly violations: readonly Violation[];
}
