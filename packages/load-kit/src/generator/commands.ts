import type { SparseHistogram } from './latency-histogram.ts';
import type { Address } from './raw-client.ts';

/** The protocol of the system under test, with the secret that signs access tokens. */
export type ProtocolChoice = { readonly kind: 'parley'; readonly secret: string } | { readonly kind: 'plain' };

/** The clients of one generator process, and where they connect. */
export interface ClientPoolOptions {
  readonly address: Address;
  readonly adapter: ProtocolChoice;
  /** Part of the user ids, so that clients of different pools are different users. */
  readonly name: string;
  /** Index of the process's first client. */
  readonly firstIndex: number;
  readonly clients: number;
  /** Client `i` is in room `i / roomSize`. The last room has the remaining clients. */
  readonly rooms: readonly string[];
  readonly roomSize: number;
  /** Concurrent connection attempts. */
  readonly connectsInFlight: number;
  /** Clients reconnect after a lost connection, fetch missed messages and resend unacked ones. */
  readonly reconnects: boolean;
}

/** Messages at a fixed rate (open loop). Times are in `machineNowMs`. */
export interface FixedRateLoad {
  /** Messages per second of this process. */
  readonly perSecond: number;
  /** This number of clients send in turn. */
  readonly senders: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly textCharacters: number;
}

/** Each client sends its next message when an earlier one is acked (closed loop). */
export interface ClosedLoopLoad {
  /** Of all clients, or of each; the last one is that of all further clients. */
  readonly inFlightPerClient: number | readonly number[];
  /** Sends the next message also after a refusal, without the wait that it asks for. Only for clients that do not reconnect. */
  readonly isGreedy?: boolean;
  /** In `machineNowMs`. */
  readonly endMs: number;
  readonly textCharacters: number;
}

export type Command =
  | { readonly kind: 'connect'; readonly pool: ClientPoolOptions }
  | { readonly kind: 'sendAtRate'; readonly load: FixedRateLoad }
  | { readonly kind: 'sendOnAck'; readonly load: ClosedLoopLoad }
  /** Starts a latency measurement of messages sent in this period. */
  | { readonly kind: 'observe'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'report' }
  | { readonly kind: 'acks' }
  | { readonly kind: 'tally'; readonly heads: readonly StreamHead[] };

export type StreamHead = readonly [stream: string, head: number];

/** Counts of a generator process since its start. Latencies and delays are those since the last `observe`. */
export interface Report {
  readonly ready: number;
  /** Failed connection attempts, by reason. */
  readonly failedConnects: Readonly<Record<string, number>>;
  /** Closed connections, by reason. */
  readonly closed: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly acked: number;
  /** Refused attempts to send, by code. Clients that reconnect resend such messages. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages that are neither acked nor refused. */
  readonly unacked: number;
  readonly received: number;
  readonly repeated: number;
  readonly late: number;
  /** Deliveries since the start of the period, regardless of when they were sent. */
  readonly receivedSinceStart: number;
  readonly latencies: SparseHistogram;
  /** The longest delay between the time at which a message was due and its sending. */
  readonly maxSendDelayMs: number;
  /** The highest acked number of each stream. */
  readonly heads: readonly StreamHead[];
}

/** The acks of messages that were due in the observed period. */
export interface AckReport {
  /** From the time at which a message was due to its ack. */
  readonly latencies: SparseHistogram;
  /** Number of acks of each client. */
  readonly byClient: readonly number[];
}

/** Missing messages, given the highest numbers of the streams. */
export interface LossTally {
  readonly lost: number;
  /** Clients with missing messages. */
  readonly behind: number;
}

export interface Replies {
  connect: undefined;
  sendAtRate: undefined;
  sendOnAck: undefined;
  observe: undefined;
  report: Report;
  acks: AckReport;
  tally: LossTally;
}

export interface CommandEnvelope {
  readonly id: number;
  readonly command: Command;
}

export type ReplyEnvelope =
  | { readonly id: number; readonly value: Replies[keyof Replies] }
  | { readonly id: number; readonly error: string };
