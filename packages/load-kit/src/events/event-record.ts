/**
 * All that was observed of a run, from the outside: what clients did, were told and saw, and what the store holds at the end.
 * Plain JSON. Every time is in milliseconds since the start of the run, by one monotonic clock of the one process that all
 * clients live in, so that "before" means before.
 */
export interface EventRecord {
  readonly limits: { readonly maxClients: number; readonly maxInProcess: number };
  readonly conversations: readonly { readonly id: string; readonly memberIds: readonly string[] }[];
  readonly clients: readonly RecordedClient[];
  /** In the order of time. */
  readonly events: readonly RecordedEvent[];
  readonly faults: readonly RecordedFault[];
  /** What the store holds once everything has come to rest. */
  readonly stored: readonly RecordedMessage[];
  /** The same as members are shown it, page by page. */
  readonly pages: readonly RecordedMessage[];
}

export interface RecordedClient {
  readonly name: string;
  readonly userId: string;
  /** `library` restores order and uniqueness; a `plain` client sees raw packets, which may repeat and overtake. */
  readonly kind: 'plain' | 'library';
  /** Whether it is there at the end and must then have seen every message of its conversations. */
  readonly seesEverything: boolean;
}

/** A message as it was shown somewhere. */
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
  /** When it was taken back; of a kill, the moment of the kill. */
  readonly endedAtMs: number;
}

interface ClientEvent {
  readonly atMs: number;
  readonly client: string;
}

/** A client was given a message to send. It may be attempted many times from then on. */
export interface Sent extends ClientEvent {
  readonly type: 'sent';
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly textHash: string;
}

/** A client was told that its message is accepted. */
export interface Acked extends ClientEvent {
  readonly type: 'acked';
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly seq: number;
  /** Unknown to a client of the library. */
  readonly id?: string;
  readonly duplicate?: boolean;
}

/** A client was told that its message is not accepted, or nothing; it may have been accepted all the same. */
export interface Refused extends ClientEvent {
  readonly type: 'refused';
  readonly clientMessageId: string;
  /** Of the error catalogue, or `NO_ANSWER`. */
  readonly code: string;
}

/** A packet or page showed a message to a plain client; a library client displayed it as its next, or as an older one. */
export interface Seen extends ClientEvent, RecordedMessage {
  readonly type: 'seen';
  readonly how: 'live' | 'page' | 'next' | 'older';
}

/** A library client took all that it displays of a conversation away, to begin anew. */
export interface Cleared extends ClientEvent {
  readonly type: 'cleared';
  readonly conversationId: string;
}

/** A client was let in. */
export interface SessionOpened extends ClientEvent {
  readonly type: 'opened';
  readonly session: number;
  readonly node: string;
}

/** A request that was made at `askedAtMs` within the session was carried out. */
export interface SessionServed extends ClientEvent {
  readonly type: 'served';
  readonly session: number;
  readonly askedAtMs: number;
}

/** A client knows that its session is over. */
export interface SessionClosed extends ClientEvent {
  readonly type: 'closed';
  readonly session: number;
  readonly reason: string;
}

/** A client was not let in. */
export interface Rejected extends ClientEvent {
  readonly type: 'rejected';
  readonly code: string;
}

/** What the cluster's own books said. */
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
  | SessionOpened
  | SessionServed
  | SessionClosed
  | Rejected
  | Sample;
