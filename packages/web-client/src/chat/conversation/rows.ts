import {
  type ChatSnapshot,
  type ConversationView,
  type DeliveryState,
  deliveryStateOf,
  type OutboxMessage,
  type TimelineEntry,
} from '@parley/client';
import type { User, UserId } from '@parley/protocol';
import { isSameDay } from '../../ui/format-time.ts';

/** A row of the message list: a message of the timeline, or an outgoing one. */
export type Row =
  | { readonly kind: 'sent'; readonly entry: TimelineEntry; readonly delivery: DeliveryState | null }
  | { readonly kind: 'pending'; readonly outgoing: OutboxMessage };

export const rowCount = (view: ConversationView): number => view.timeline.length + view.pending.length;

/** @param index 0 is the first loaded message */
export function rowAt(
  view: ConversationView,
  me: User | null,
  otherIds: readonly UserId[],
  index: number,
): Row | undefined {
  const entry = view.timeline[index];
  if (entry) {
    const isOwn = entry.message.senderId === me?.id;
    return { kind: 'sent', entry, delivery: isOwn ? deliveryStateOf(view, entry.message, otherIds) : null };
  }
  const outgoing = view.pending[index - view.timeline.length];
  return outgoing && { kind: 'pending', outgoing };
}

/** Returns the key of a row, which does not change when an outgoing message enters the timeline. */
export const keyOf = (row: Row, me: User | null): string =>
  row.kind === 'sent'
    ? `${row.entry.message.senderId} ${row.entry.message.clientMessageId}`
    : `${me?.id} ${row.outgoing.clientMessageId}`;

const createdAtOf = (row: Row) => (row.kind === 'sent' ? row.entry.message.createdAt : row.outgoing.createdAt);

const SAME_GROUP_MS = 5 * 60_000;

/** Whether a row continues the group of the previous one: same sender, within five minutes. */
export function continues(row: Row, previous: Row | undefined, me: User | null): boolean {
  if (!previous || isSystem(row) || isSystem(previous) || !isSameDay(createdAtOf(row), createdAtOf(previous)))
    return false;
  return (
    senderIdOf(row, me) === senderIdOf(previous, me) &&
    Date.parse(createdAtOf(row)) - Date.parse(createdAtOf(previous)) < SAME_GROUP_MS
  );
}

/** Whether messages between this row and the previous one could not be loaded. */
export function followsHole({ holes, firstSeq }: ConversationView, row: Row, previous: Row | undefined): boolean {
  if (holes.length === 0 || row.kind !== 'sent') return false;
  const { seq } = row.entry.message;
  const previousSeq = previous?.kind === 'sent' ? previous.entry.message.seq : firstSeq - 1;
  return holes.some((hole) => hole.firstSeq > previousSeq && hole.lastSeq < seq);
}

const senderIdOf = (row: Row, me: User | null) => (row.kind === 'sent' ? row.entry.message.senderId : me?.id);

const isSystem = (row: Row) => row.kind === 'sent' && row.entry.message.kind === 'system';

/** Returns the time of the row if it starts a new day. */
export const dayStarted = (row: Row, previous: Row | undefined): string | undefined =>
  previous && isSameDay(createdAtOf(row), createdAtOf(previous)) ? undefined : createdAtOf(row);

/** Returns the index of the first entry with at least this seq, or the number of entries if there is none. */
export function indexOfSeq(timeline: readonly TimelineEntry[], seq: number): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timeline[middle]?.message.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the index of the first unread message; undefined if it is not loaded or nothing is unread. */
export const firstUnreadIndex = ({ firstUnreadSeq, firstSeq, timeline }: ConversationView): number | undefined =>
  firstUnreadSeq !== null && firstSeq <= firstUnreadSeq ? indexOfSeq(timeline, firstUnreadSeq) : undefined;

const indexes = new WeakMap<readonly TimelineEntry[], Map<string, TimelineEntry>>();

/** Returns a loaded message by id. */
export function entryById(timeline: readonly TimelineEntry[], id: string): TimelineEntry | undefined {
  let index = indexes.get(timeline);
  if (!index) {
    index = new Map(timeline.map((entry) => [entry.message.id, entry]));
    indexes.set(timeline, index);
  }
  return index.get(id);
}

/** Returns the display name of a user. */
export const nameOf = (snapshot: ChatSnapshot, userId: UserId): string =>
  snapshot.users.get(userId)?.displayName ?? 'Someone';
