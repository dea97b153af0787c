/**
 * Everything observed during a run from outside the cluster: what the clients sent, which replies they got, which messages they
 * saw, and what the store contains at the end. Plain JSON.
 *
 * All times are milliseconds since the start of the run. All clients of a run share one monotonic clock, so times of different
 * clients can be compared.
 */
export interface EventRecord {
  readonly limits: { readonly maxClients: number; readonly maxInProcess: number };
  readonly conversations: readonly { readonly id: string; readonly memberIds: readonly string[] }[];
  readonly clients: readonly RecordedClient[];
  /** Ordered by time. */
  readonly events: readonly RecordedEvent[];
  readonly faults: readonly RecordedFault[];
  /** The messages in the store after the run. */
  readonly stored: readonly RecordedMessage[];
  /** The same messages as the REST API returns them to members, page by page. */
  readonly pages: readonly RecordedMessage[];
}

export interface RecordedClient {
  readonly name: string;
  readonly userId: string;
  /** A `library` client displays messages once and in order. A `plain` client sees raw packets, which may repeat or overtake. */
  readonly kind: 'plain' | 'library';
  /** The client was connected at the end, so it must have seen every message of its conversations. */
  readonly seesEverything: boolean;
}

/** A message as a packet, a page, the store or a display showed it. */
export interface RecordedMessage {
  readonly conversationId: string;
  readonly seq: number;
  readonly id: string;
  readonly senderId: string;
  readonly clientMessageId: string;
  readonly textHash: string;
}

export interface RecordedFault {
  readonly kind: string;
  readonly target: string;
  readonly atMs: number;
  /** When the fault was healed. For a kill, the time of the kill. */
  readonly endedAtMs: number;
  /** Redis may lose its newest writes by this fault. */
  readonly losesRedisData?: boolean;
  /** Others take over while the fault lasts. Recovery is measured from its begin. */
  readonly isTakenOver?: boolean;
  /** Processes that were killed as a part of the fault. */
  readonly killed?: readonly string[];
}

interface ClientEvent {
  readonly atMs: number;
  readonly client: string;
}

/** A client was given a message to send. It may attempt to send it many times after that. */
export interface Sent extends ClientEvent {
  readonly type: 'sent';
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly textHash: string;
}

/** A message was acknowledged. */
export interface Acked extends ClientEvent {
  readonly type: 'acked';
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly seq: number;
  /** Unknown to a library client. */
  readonly id?: string;
  readonly duplicate?: boolean;
}

/** An attempt to send a message failed or got no answer. The server may have appended the message anyway. */
export interface Refused extends ClientEvent {
  readonly type: 'refused';
  readonly clientMessageId: string;
  /** A code of the error catalogue, or `NO_ANSWER`. */
  readonly code: string;
}

/**
 * A client saw a message. A plain client got it in a packet (`live`) or a page (`page`). A library client displayed it after the
 * newest message (`next`), before the oldest one (`older`), or between others, after it could not be loaded before (`inserted`).
 */
export interface Seen extends ClientEvent, RecordedMessage {
  readonly type: 'seen';
  readonly how: 'live' | 'page' | 'next' | 'older' | 'inserted';
}

/** A library client removed all displayed messages of a conversation to load them again. */
export interface Cleared extends ClientEvent {
  readonly type: 'cleared';
  readonly conversationId: string;
}

/** A library client removed the oldest displayed messages of a conversation, those before `belowSeq`. */
export interface Dropped extends ClientEvent {
  readonly type: 'dropped';
  readonly conversationId: string;
  readonly belowSeq: number;
}

/** A client learnt that a conversation is in another epoch than the one that it knew. */
export interface EpochSeen extends ClientEvent {
  readonly type: 'epoch';
  readonly conversationId: string;
  readonly epoch: string;
}

/** A client received the report that all messages up to this seq are in the history store. */
export interface StoredReported extends ClientEvent {
  readonly type: 'stored';
  readonly conversationId: string;
  readonly seq: number;
  readonly epoch: string;
}

/** A connection was accepted. */
export interface SessionOpened extends ClientEvent {
  readonly type: 'opened';
  readonly session: number;
  readonly node: string;
}

/** The session executed a request that the client sent at `askedAtMs`. */
export interface SessionServed extends ClientEvent {
  readonly type: 'served';
  readonly session: number;
  readonly askedAtMs: number;
}

/** A client noticed the end of its session. */
export interface SessionClosed extends ClientEvent {
  readonly type: 'closed';
  readonly session: number;
  readonly reason: string;
}

/** A connection was rejected. */
export interface Rejected extends ClientEvent {
  readonly type: 'rejected';
  readonly code: string;
}

/** The cluster's own counts in Redis. */
export interface Sample {
  readonly type: 'sample';
  readonly atMs: number;
  readonly inProcess: number;
  readonly leases: number;
}

export type RecordedEvent =
  | Sent
  | Acked
  | Refused
  | Seen
  | Cleared
  | Dropped
  | EpochSeen
  | StoredReported
  | SessionOpened
  | SessionServed
  | SessionClosed
  | Rejected
  | Sample;
