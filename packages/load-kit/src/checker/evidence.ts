import type { Acked, EventRecord, RecordedClient, RecordedMessage, Seen, Sent } from '../events/event-record.ts';

/** Identifies a message by its sender and `clientMessageId`. */
export type MessageKey = string;
export const keyOf = ({ senderId, clientMessageId }: Pick<RecordedMessage, 'senderId' | 'clientMessageId'>) =>
  `${senderId} ${clientMessageId}`;

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

/** The event record, indexed as the rules need it. */
export interface Evidence {
  readonly record: EventRecord;
  readonly clients: ReadonlyMap<string, RecordedClient>;
  readonly sent: ReadonlyMap<MessageKey, Sent>;
  /** The first ack of each message. */
  readonly acked: ReadonlyMap<MessageKey, Acked>;
  readonly occurrences: readonly Occurrence[];
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
  const sent = new Map<MessageKey, Sent>();
  const acked = new Map<MessageKey, Acked>();
  const seenBy = new Map(record.clients.map(({ name }) => [name, new Set<MessageKey>()]));
  const occurrences: Occurrence[] = [];
  for (const event of record.events) {
    if (event.type === 'sent') {
      sent.set(keyOf({ ...event, senderId: clientOf(event.client).userId }), event);
    } else if (event.type === 'acked') {
      const client = clientOf(event.client);
      const { conversationId, seq, clientMessageId, id } = event;
      const key = keyOf({ senderId: client.userId, clientMessageId });
      if (!acked.has(key)) acked.set(key, event);
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
  for (const message of [...record.stored, ...record.pages]) occurrences.push(occurrenceOf(message, undefined));
  return { record, clients, sent, acked, occurrences, seenBy };
}

function occurrenceOf(message: RecordedMessage | Seen, shownTo: RecordedClient | undefined): Occurrence {
  const { conversationId, seq, senderId, clientMessageId, id, textHash } = message;
  return { conversationId, seq, senderId, clientMessageId, id, textHash, shownTo };
}
