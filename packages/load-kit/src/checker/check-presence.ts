import { type Evidence, keyOf, positionOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

/**
 * Rule: an acked message is in the store, in the pages, and was seen by every member that is connected at the end. A message
 * without an ack may exist or not.
 */
export function findLost({ record, clients, acked, seenBy }: Evidence): Violation[] {
  const stored = new Set(record.stored.map(keyOf));
  const paged = new Set(record.pages.map(keyOf));
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const expectedViewers = record.clients.filter(({ seesEverything }) => seesEverything);
  return [...acked].flatMap(([key, ack]) => {
    const { conversationId, clientMessageId, seq, atMs } = ack;
    const missingAt = [
      ...(stored.has(key) ? [] : ['the store']),
      ...(paged.has(key) ? [] : ['the pages']),
      ...expectedViewers
        .filter(({ name, userId }) => members.get(conversationId)?.has(userId) && !seenBy.get(name)?.has(key))
        .map(({ name }) => name),
    ];
    if (missingAt.length === 0) return [];
    const senderId = clients.get(ack.client)?.userId ?? '';
    const text = `${ack.client}'s ${clientMessageId}, acked as ${conversationId} #${seq} at ${atMs} ms, is missing in ${missingAt.join(', ')}`;
    return [{ kind: 'lost', text, about: { conversationId, seq, senderId, clientMessageId } }];
  });
}

/** Rule: the store and the pages have a message at every position from 1 to their highest one. */
export function findGaps({ record }: Evidence): Violation[] {
  const violations = new Map<string, Violation>();
  for (const [where, messages] of [
    ['the store', record.stored],
    ['the pages', record.pages],
  ] as const) {
    for (const { id: conversationId } of record.conversations) {
      const taken = new Set(
        messages.filter((message) => message.conversationId === conversationId).map(({ seq }) => seq),
      );
      const head = Math.max(0, ...taken);
      for (let seq = 1; seq <= head; seq += 1) {
        const position = positionOf({ conversationId, seq });
        if (taken.has(seq) || violations.has(position)) continue;
        const text = `${position} is empty in ${where}, whose head is #${head}`;
        violations.set(position, { kind: 'gaps', text, about: { conversationId, seq } });
      }
    }
  }
  return [...violations.values()];
}
