import { type Evidence, keyOf, positionOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

/**
 * Rule: an acked message is in the store, in the pages, and was seen by every member that is connected at the end. A message
 * without an ack may exist or not. A message of a plain client may be missing if it is one that Redis may lose. A library client
 * keeps its messages and sends them again, so it loses none.
 */
export function findLost(evidence: Evidence): { violations: Violation[]; allowed: number } {
  const { record, clients, acked, attemptedAtMs, seenBy, losses } = evidence;
  const stored = new Set(record.stored.map(keyOf));
  const paged = new Set(record.pages.map(keyOf));
  let allowed = 0;
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const expectedViewers = record.clients.filter(({ seesEverything }) => seesEverything);
  const violations = [...acked].flatMap(([key, ack]): Violation[] => {
    const { conversationId, clientMessageId, seq, atMs } = ack;
    const missingAt = [
      ...(stored.has(key) ? [] : ['the store']),
      ...(paged.has(key) ? [] : ['the pages']),
      ...expectedViewers
        .filter(({ name, userId }) => members.get(conversationId)?.has(userId) && !seenBy.get(name)?.has(key))
        .map(({ name }) => name),
    ];
    if (missingAt.length === 0) return [];
    const { userId: senderId = '', kind } = clients.get(ack.client) ?? {};
    const isLostInRedis = kind === 'plain' && !stored.has(key) && !paged.has(key);
    if (isLostInRedis && losses.allows({ conversationId, seq, sentAtMs: attemptedAtMs.get(key) ?? atMs })) {
      allowed += 1;
      return [];
    }
    const text = `${ack.client}'s ${clientMessageId}, acked as ${conversationId} #${seq} at ${atMs} ms, is missing in ${missingAt.join(', ')}`;
    return [{ kind: 'lost', clients: kind, text, about: { conversationId, seq, senderId, clientMessageId } }];
  });
  return { violations, allowed };
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
