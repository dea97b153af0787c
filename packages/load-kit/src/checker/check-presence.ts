import { type Evidence, keyOf, placeOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

/**
 * What was acked is there: in the store, in the pages that members are shown, and at every member that is there at the end.
 * A message whose ack never came may be there or not.
 */
export function findLost({ record, clients, acked, seenBy }: Evidence): Violation[] {
  const stored = new Set(record.stored.map(keyOf));
  const paged = new Set(record.pages.map(keyOf));
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const witnesses = record.clients.filter(({ seesEverything }) => seesEverything);
  return [...acked].flatMap(([key, ack]) => {
    const { conversationId, clientMessageId, seq, atMs } = ack;
    const missingAt = [
      ...(stored.has(key) ? [] : ['the store']),
      ...(paged.has(key) ? [] : ['the pages']),
      ...witnesses
        .filter(({ name, userId }) => members.get(conversationId)?.has(userId) && !seenBy.get(name)?.has(key))
        .map(({ name }) => name),
    ];
    if (missingAt.length === 0) return [];
    const senderId = clients.get(ack.client)?.userId ?? '';
    const text = `${ack.client}'s ${clientMessageId}, acked as ${conversationId} #${seq} at ${atMs} ms, is missing at ${missingAt.join(', ')}`;
    return [{ breach: 'lost', text, about: { conversationId, seq, senderId, clientMessageId } }];
  });
}

/** The store and its pages have every place from 1 to the highest one that they have. */
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
        const place = placeOf({ conversationId, seq });
        if (taken.has(seq) || violations.has(place)) continue;
        const text = `${place} is empty in ${where}, which reaches to #${head}`;
        violations.set(place, { breach: 'gaps', text, about: { conversationId, seq } });
      }
    }
  }
  return [...violations.values()];
}
