import {
  type ChatSnapshot,
  type ConversationView,
  type DeliveryState,
  deliveryStateOf,
  type OutboxMessage,
  type ShownMessage,
} from '@parley/client';
import type { User, UserId } from '@parley/protocol';
import { isSameDay } from '../../shell/format-time.ts';

/** What one row of the list shows: a message in its place, or one's own on its way there. */
export type Row =
  | { readonly kind: 'placed'; readonly shown: ShownMessage; readonly delivery: DeliveryState | null }
  | { readonly kind: 'pending'; readonly outgoing: OutboxMessage };

export const rowCount = (view: ConversationView): number => view.shown.length + view.pending.length;

/** @param index 0 is the first message that is loaded */
export function rowAt(
  view: ConversationView,
  me: User | null,
  otherIds: readonly UserId[],
  index: number,
): Row | undefined {
  const shown = view.shown[index];
  if (shown) {
    const isOwn = shown.message.senderId === me?.id;
    return { kind: 'placed', shown, delivery: isOwn ? deliveryStateOf(view, shown.message, otherIds) : null };
  }
  const outgoing = view.pending[index - view.shown.length];
  return outgoing && { kind: 'pending', outgoing };
}

/** The same before and after the message has found its place. */
export const keyOf = (row: Row, me: User | null): string =>
  row.kind === 'placed'
    ? `${row.shown.message.senderId} ${row.shown.message.clientMessageId}`
    : `${me?.id} ${row.outgoing.clientMessageId}`;

const createdAtOf = (row: Row) => (row.kind === 'placed' ? row.shown.message.createdAt : row.outgoing.createdAt);

const SAME_GROUP_MS = 5 * 60_000;

/** Whether a row continues what the one before it began: the same sender, shortly after. */
export function continues(row: Row, previous: Row | undefined, me: User | null): boolean {
  if (!previous || isSystem(row) || isSystem(previous) || !isSameDay(createdAtOf(row), createdAtOf(previous)))
    return false;
  return (
    senderIdOf(row, me) === senderIdOf(previous, me) &&
    Date.parse(createdAtOf(row)) - Date.parse(createdAtOf(previous)) < SAME_GROUP_MS
  );
}

const senderIdOf = (row: Row, me: User | null) => (row.kind === 'placed' ? row.shown.message.senderId : me?.id);

const isSystem = (row: Row) => row.kind === 'placed' && row.shown.message.kind === 'system';

/** The day that begins with this row, as the time of its first message. */
export const dayBegun = (row: Row, previous: Row | undefined): string | undefined =>
  previous && isSameDay(createdAtOf(row), createdAtOf(previous)) ? undefined : createdAtOf(row);

/** Where the message with this seq is, or the next one that is shown; the number of rows where there is none. */
export function indexOfSeq(shown: readonly ShownMessage[], seq: number): number {
  let low = 0;
  let high = shown.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shown[middle]?.message.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

const indexes = new WeakMap<readonly ShownMessage[], Map<string, ShownMessage>>();

/** A loaded message by its id. */
export function shownById(shown: readonly ShownMessage[], id: string): ShownMessage | undefined {
  let index = indexes.get(shown);
  if (!index) {
    index = new Map(shown.map((entry) => [entry.message.id, entry]));
    indexes.set(shown, index);
  }
  return index.get(id);
}

/** What somebody is called. */
export const nameOf = (snapshot: ChatSnapshot, userId: UserId): string =>
  snapshot.people.get(userId)?.displayName ?? 'Someone';
