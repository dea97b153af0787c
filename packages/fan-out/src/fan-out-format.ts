import type { ConversationId } from '@parley/protocol';
import type { FanOutItem } from './fan-out.ts';

/**
 * Encodes items as text, one line for each. Ids, numbers and epochs have no spaces, and JSON has no line breaks:
 *
 *     m <conversationId> <firstSeq> <lastSeq> <json>
 *     s <conversationId> <seq> <epoch>
 *     c <conversationId> <online>
 */
export const toLines = (items: readonly FanOutItem[]): string => items.map(toLine).join('\n');

/** Decodes lines. A line of an unknown kind is from a newer release and is skipped. */
export function fromLines(text: string): FanOutItem[] {
  const items: FanOutItem[] = [];
  for (const line of text.split('\n')) {
    const item = fromLine(line);
    if (item) items.push(item);
  }
  return items;
}

function toLine(item: FanOutItem): string {
  const { kind, conversationId } = item;
  if (kind === 'messages') return `m ${conversationId} ${item.firstSeq} ${item.lastSeq} ${item.json}`;
  return kind === 'stored' ? `s ${conversationId} ${item.seq} ${item.epoch}` : `c ${conversationId} ${item.online}`;
}

function fromLine(line: string): FanOutItem | undefined {
  const [kind, id, first] = line.split(' ', 3);
  const conversationId = id as ConversationId;
  if (kind === 'c') return { kind: 'count', conversationId, online: Number(first) };
  const restAt = 4 + (id?.length ?? 0) + (first?.length ?? 0);
  const rest = line.slice(restAt);
  if (kind === 's') return { kind: 'stored', conversationId, seq: Number(first), epoch: rest };
  if (kind !== 'm') return undefined;
  const jsonAt = rest.indexOf(' ') + 1;
  const lastSeq = Number(rest.slice(0, jsonAt));
  return { kind: 'messages', conversationId, firstSeq: Number(first), lastSeq, json: rest.slice(jsonAt) };
}
