import type {
  EventRecord,
  RecordedClient,
  RecordedEvent,
  RecordedFault,
  RecordedMessage,
} from '../src/events/event-record.ts';

/** An event record that tests can change. */
export interface DraftRecord extends Omit<EventRecord, 'clients' | 'faults'> {
  clients: readonly RecordedClient[];
  limits: { maxClients: number; maxInProcess: number };
  events: RecordedEvent[];
  faults: RecordedFault[];
  stored: RecordedMessage[];
  pages: RecordedMessage[];
}

const CLIENTS = [
  { name: 'plain-1', userId: 'u1', kind: 'plain', seesEverything: true },
  { name: 'library-1', userId: 'u2', kind: 'library', seesEverything: true },
  { name: 'library-2', userId: 'u3', kind: 'library', seesEverything: true },
  { name: 'rejected-1', userId: 'u4', kind: 'plain', seesEverything: false },
] as const;
const CONVERSATIONS = [
  { id: 'lobby', memberIds: ['u1', 'u2', 'u3', 'u4'] },
  { id: 'direct', memberIds: ['u1', 'u2'] },
] as const;

/** Returns the record of a correct run: three clients send in turn, in two conversations and three sessions. */
export function cleanRecord(messages = 30): DraftRecord {
  const events: RecordedEvent[] = [];
  const stored: RecordedMessage[] = [];
  const heads = new Map<string, number>();
  const senders = CLIENTS.slice(0, 3);
  for (const [session, { name: client }] of senders.entries()) {
    events.push({ type: 'opened', atMs: session, client, session, node: 'chat-server-1' });
  }
  for (let index = 0; index < messages; index += 1) {
    const atMs = 100 + index * 10;
    const conversation = CONVERSATIONS[index % 3 === 2 ? 1 : 0];
    const members = senders.filter(({ userId }) => conversation.memberIds.some((id) => id === userId));
    const sender = members[Math.floor(index / 3) % members.length] ?? CLIENTS[0];
    const conversationId = conversation.id;
    const seq = (heads.get(conversationId) ?? 0) + 1;
    heads.set(conversationId, seq);
    const message: RecordedMessage = {
      ...{ conversationId, seq, id: `m${index}`, senderId: sender.userId },
      ...{ clientMessageId: `c${index}`, textHash: `t${index}` },
    };
    const { clientMessageId, id, textHash } = message;
    const client = sender.name;
    const session = senders.indexOf(sender);
    events.push({ type: 'sent', atMs, client, conversationId, clientMessageId, textHash });
    events.push({ type: 'served', atMs: atMs + 2, client, session, askedAtMs: atMs });
    events.push({ type: 'acked', atMs: atMs + 2, client, conversationId, clientMessageId, seq, id, duplicate: false });
    for (const { name, kind } of members) {
      const how = kind === 'plain' ? 'live' : 'next';
      events.push({ type: 'seen', atMs: atMs + 4, client: name, how, ...message });
    }
    events.push({ type: 'sample', atMs: atMs + 5, inProcess: 1, leases: 3 });
    stored.push(message);
  }
  return {
    limits: { maxClients: 3, maxInProcess: 5 },
    conversations: CONVERSATIONS,
    clients: CLIENTS,
    events,
    faults: [{ kind: 'kill', target: 'redis', atMs: 111, endedAtMs: 111 }],
    stored,
    pages: [...stored],
  };
}
