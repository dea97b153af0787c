import { type DeliveryState, deliveryStateOf, type OutboxMessage, type ThreadSnapshot } from '@parley/client';
import type { Message, MessageKind, User, UserId } from '@parley/protocol';

/** What one row of the list shows, whether the message is in its place already or still on its way. */
export interface Row {
  /** The same before and after the message has found its place. */
  readonly key: string;
  readonly senderId: UserId;
  readonly kind: MessageKind;
  readonly text: string;
  readonly createdAt: string;
  /** How far one's own message has come; null for those of others. */
  readonly delivery: DeliveryState | null;
  /** One's own message while it is on its way. */
  readonly outgoing: OutboxMessage | null;
}

export const rowCount = (thread: ThreadSnapshot): number => thread.messages.length + thread.pending.length;

/** @param index 0 is the first message that is loaded */
export function rowAt(thread: ThreadSnapshot, me: User | null, index: number): Row | undefined {
  const message = thread.messages[index];
  if (message) return placedRow(thread, me, message);
  const outgoing = thread.pending[index - thread.messages.length];
  return outgoing && me ? outgoingRow(me, outgoing) : undefined;
}

const placedRow = (thread: ThreadSnapshot, me: User | null, message: Message): Row => ({
  key: `${message.senderId} ${message.clientMessageId}`,
  senderId: message.senderId,
  kind: message.kind,
  text: message.text ?? '',
  createdAt: message.createdAt,
  delivery: message.senderId === me?.id ? deliveryStateOf(thread, message) : null,
  outgoing: null,
});

const outgoingRow = (me: User, outgoing: OutboxMessage): Row => ({
  key: `${me.id} ${outgoing.clientMessageId}`,
  senderId: me.id,
  kind: 'text',
  text: outgoing.text,
  createdAt: outgoing.createdAt,
  delivery: outgoing.state,
  outgoing,
});

const SAME_GROUP_MS = 5 * 60_000;

/** Whether a row continues what the one before it began: the same sender, shortly after. */
export const continues = (row: Row, previous: Row | undefined): boolean =>
  previous?.senderId === row.senderId && Date.parse(row.createdAt) - Date.parse(previous.createdAt) < SAME_GROUP_MS;
