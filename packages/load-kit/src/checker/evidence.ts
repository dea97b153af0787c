import { SYSTEM_ID } from '@parley/protocol/constants';
import type { Acked, EventRecord, RecordedClient, RecordedMessage, Seen, Sent } from '../events/event-record.ts';
import { RedisLosses } from './redis-losses.ts';

/** Identifies a message by its sender and `clientMessageId`. */
export type MessageKey = string;
export const keyOf = ({ senderId, clientMessageId }: Pick<RecordedMessage, 'senderId' | 'clientMessageId'>) =>
  `${senderId} ${clientMessageId}`;

/** Whether the message is a placeholder: it fills a position whose message Redis has lost. */
export const isPlaceholder = ({ senderId }: Pick<RecordedMessage, 'senderId'>) => senderId === SYSTEM_ID;

/** Identifies a position: a conversation and a `seq`. */
export const positionOf = ({ conversationId, seq }: Pick<RecordedMessage, 'conversationId' | 'seq'>) =>
  `${conversationId} #${seq}`;

/** One observation of a message at a position: in an ack, at a client, in the store or in a page. */
export interface Occurrence extends Pick<RecordedMessage, 'conversationId' | 'seq' | 'senderId' | 'clientMessageId'> {
  readonly id: string | undefined;
  /** undefined for an ack, which has no text. */
  readonly textHash: string | undefined;
  /** undefined for the store and the pages. */
  readonly shownTo: RecordedClient | undefined;
}

/** The position and id of a message in the store and the pages. */
export type FinalPosition = Pick<RecordedMessage, 'conversationId' | 'seq' | 'id' | 'senderId' | 'clientMessageId'>;

/** The event record, indexed as the rules need it. */
export interface Evidence {
  readonly record: EventRecord;
  readonly clients: ReadonlyMap<string, RecordedClient>;
  readonly sent: ReadonlyMap<MessageKey, Sent>;
  /** The first ack of each message. */
  readonly acked: ReadonlyMap<MessageKey, Acked>;
  /** When the successful attempt of an acked message began, at the earliest: after the last one that failed. */
  readonly attemptedAtMs: ReadonlyMap<MessageKey, number>;
  /** Without those of an ended epoch whose message Redis may have lost. */
  readonly occurrences: readonly Occurrence[];
  /** Where each message is at the end. */
  readonly finalPositions: ReadonlyMap<MessageKey, FinalPosition>;
  readonly losses: RedisLosses;
  /** The messages that each client saw. */
  readonly seenBy: ReadonlyMap<string, ReadonlySet<MessageKey>>;
}

export function gatherEvidence(record: EventRecord): Evidence {
  const clients = new Map(record.clients.map((client) => [client.name, client]));
  const clientOf = (name: string) => {
    const client = clients.get(name);
    if (!client) throw new Error(`the record has no client ${name}`);
    return client;
  };
  const losses = new RedisLosses(record);
  const sent = new Map<MessageKey, Sent>();
  const acked = new Map<MessageKey, Acked>();
  const attemptedAtMs = new Map<MessageKey, number>();
  const refusedAtMs = new Map<MessageKey, number>();
  const seenBy = new Map(record.clients.map(({ name }) => [name, new Set<MessageKey>()]));
  const occurrences: Occurrence[] = [];
  for (const event of record.events) {
    if (event.type === 'sent') {
      const key = keyOf({ ...event, senderId: clientOf(event.client).userId });
      sent.set(key, event);
      attemptedAtMs.set(key, event.atMs);
    } else if (event.type === 'refused') {
      refusedAtMs.set(keyOf({ ...event, senderId: clientOf(event.client).userId }), event.atMs);
    } else if (event.type === 'acked') {
      const client = clientOf(event.client);
      const { conversationId, seq, clientMessageId, id } = event;
      const key = keyOf({ senderId: client.userId, clientMessageId });
      if (!acked.has(key)) {
        acked.set(key, event);
        const refused = refusedAtMs.get(key);
        // A duplicate was appended by an earlier attempt, which seemed to fail.
        if (refused !== undefined && event.duplicate === false) attemptedAtMs.set(key, refused);
      }
      occurrences.push({
        ...{ conversationId, seq, senderId: client.userId, clientMessageId, id },
        textHash: undefined,
        shownTo: client,
      });
    } else if (event.type === 'seen') {
      seenBy.get(event.client)?.add(keyOf(event));
      occurrences.push(occurrenceOf(event, clientOf(event.client)));
    }
  }
  const atTheEnd = [...record.stored, ...record.pages];
  const finalPositions = new Map<MessageKey, FinalPosition>();
  const finalHolders = new Map<string, MessageKey>();
  for (const message of atTheEnd) {
    if (!isPlaceholder(message)) finalPositions.set(keyOf(message), message);
    finalHolders.set(positionOf(message), keyOf(message));
  }
  /** Whether the message was seen at a position that it has no more, because Redis lost it there. */
  const isSuperseded = (occurrence: Occurrence): boolean => {
    const key = keyOf(occurrence);
    const final = finalPositions.get(key);
    const isFinal =
      finalHolders.get(positionOf(occurrence)) === key && (occurrence.id === undefined || occurrence.id === final?.id);
    const sentAtMs = sent.get(key)?.atMs;
    return !isFinal && sentAtMs !== undefined && losses.allows({ ...occurrence, sentAtMs });
  };
  return {
    ...{ record, clients, sent, acked, attemptedAtMs, finalPositions, losses, seenBy },
    occurrences: [
      ...(losses.isPossible ? occurrences.filter((occurrence) => !isSuperseded(occurrence)) : occurrences),
      ...atTheEnd.map((message) => occurrenceOf(message, undefined)),
    ],
  };
}

function occurrenceOf(message: RecordedMessage | Seen, shownTo: RecordedClient | undefined): Occurrence {
  const { conversationId, seq, senderId, clientMessageId, id, textHash } = message;
  return { conversationId, seq, senderId, clientMessageId, id, textHash, shownTo };
}
