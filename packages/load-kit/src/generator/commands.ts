import type { SparseHistogram } from './latency-histogram.ts';
import type { Address } from './raw-client.ts';

/** Which chat is sent to, and with what it signs tokens. */
export type ProtocolChoice = { readonly kind: 'parley'; readonly secret: string } | { readonly kind: 'plain' };

/** Who is in a process of the generator, and where. */
export interface ClientPoolOptions {
  readonly address: Address;
  readonly adapter: ProtocolChoice;
  /** Part of the users' names: another pool is other people, whose messages are no repeats. */
  readonly name: string;
  /** The process's first client, and how many it has. */
  readonly firstIndex: number;
  readonly clients: number;
  /** Client `i` is in room `i / roomSize`, the last room has the rest. */
  readonly rooms: readonly string[];
  readonly roomSize: number;
  /** How many connect at the same time. */
  readonly connectsInFlight: number;
  /** Clients that lose their connection come back, fetch what they missed and send again what was not acked. */
  readonly reconnects: boolean;
}

/** What to send. Times are those of the machine's clock. */
export interface FixedRateLoad {
  /** Messages of this process. */
  readonly perSecond: number;
  /** The first so many of its clients take turns. */
  readonly senders: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly textCharacters: number;
}

/** Each client sends its next message as soon as an earlier one is acked. */
export interface ClosedLoopLoad {
  readonly inFlightPerClient: number;
  /** In the machine's clock. */
  readonly endMs: number;
  readonly textCharacters: number;
}

export type Command =
  | { readonly kind: 'connect'; readonly pool: ClientPoolOptions }
  | { readonly kind: 'sendAtRate'; readonly load: FixedRateLoad }
  | { readonly kind: 'sendOnAck'; readonly load: ClosedLoopLoad }
  /** Latencies are those of messages sent in this time. */
  | { readonly kind: 'observe'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'report' }
  | { readonly kind: 'tally'; readonly heads: readonly StreamHead[] };

export type StreamHead = readonly [stream: string, head: number];

/** What a process of the generator saw since its start; histogram and window since the last `observe`. */
export interface Report {
  readonly ready: number;
  /** Connection attempts that failed, by reason. */
  readonly failedConnects: Readonly<Record<string, number>>;
  /** Connections that ended after they were ready, by reason. */
  readonly closed: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly acked: number;
  /** Attempts that the servers did not take, by code; some clients send such messages again. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages that are neither acked nor given up. */
  readonly unacked: number;
  readonly received: number;
  readonly repeated: number;
  readonly late: number;
  /** Deliveries that arrived since the observed time began, whenever they were sent. */
  readonly receivedSinceStart: number;
  readonly latencies: SparseHistogram;
  /** The most that a message was sent after it was due. */
  readonly maxSendDelayMs: number;
  /** The highest number of each stream that was acked here. */
  readonly heads: readonly StreamHead[];
}

/** How much of the streams is missing, given how far they are. */
export interface LossTally {
  readonly lost: number;
  /** Clients that miss something. */
  readonly behind: number;
}

export interface Replies {
  connect: undefined;
  sendAtRate: undefined;
  sendOnAck: undefined;
  observe: undefined;
  report: Report;
  tally: LossTally;
}

export interface CommandEnvelope {
  readonly id: number;
  readonly command: Command;
}

export type ReplyEnvelope =
  | { readonly id: number; readonly value: Replies[keyof Replies] }
  | { readonly id: number; readonly error: string };
