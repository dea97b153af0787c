import { type Appearance, type Evidence, keyOf, placeOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

/** Every message has one place and one id, and every place has one message, wherever they show up. */
export function findDuplicated({ appearances }: Evidence): Violation[] {
  const messages = new Map<string, { first: Appearance; places: Set<string>; ids: Set<string> }>();
  const places = new Map<string, { first: Appearance; keys: Set<string> }>();
  for (const appearance of appearances) {
    const key = keyOf(appearance);
    const place = placeOf(appearance);
    const message = messages.get(key) ?? { first: appearance, places: new Set(), ids: new Set() };
    messages.set(key, message);
    message.places.add(place);
    if (appearance.id !== undefined) message.ids.add(appearance.id);
    const held = places.get(place) ?? { first: appearance, keys: new Set() };
    places.set(place, held);
    held.keys.add(key);
  }
  const violations: Violation[] = [];
  for (const { first, places: taken, ids } of messages.values()) {
    if (taken.size === 1 && ids.size <= 1) continue;
    const { senderId, clientMessageId } = first;
    const text = `${clientMessageId} is at ${[...taken].join(', ')} with the ids ${[...ids].join(', ')}`;
    violations.push({ breach: 'duplicated', text, about: { senderId, clientMessageId } });
  }
  for (const [place, { first, keys }] of places) {
    if (keys.size === 1) continue;
    const { conversationId, seq } = first;
    const text = `${place} is the place of ${[...keys].join(' and of ')}`;
    violations.push({ breach: 'duplicated', text, about: { conversationId, seq } });
  }
  return violations;
}

/** What shows up was sent, by that sender, to that conversation, with that text, and shows up at members only. */
export function findUnexpected({ record, appearances, sent }: Evidence): Violation[] {
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const violations = new Map<string, Violation>();
  for (const appearance of appearances) {
    const reason = reasonOf(appearance);
    if (!reason) continue;
    const { conversationId, seq, senderId, clientMessageId, shownTo } = appearance;
    const where = shownTo ? `at ${shownTo.name}` : 'in the store or its pages';
    const text = `${clientMessageId}, ${conversationId} #${seq}, ${where}: ${reason}`;
    const about = { conversationId, seq, senderId, clientMessageId };
    const known = `${keyOf(appearance)} ${reason}`;
    if (!violations.has(known)) violations.set(known, { breach: 'unexpected', text, about });
  }
  return [...violations.values()];

  function reasonOf(appearance: Appearance): string | undefined {
    const { conversationId, textHash, shownTo } = appearance;
    const original = sent.get(keyOf(appearance));
    if (!original) return 'its sender never sent it';
    if (original.conversationId !== conversationId) return `it was sent to ${original.conversationId}`;
    if (textHash !== undefined && original.textHash !== textHash) return 'its text is another one';
    if (shownTo && !members.get(conversationId)?.has(shownTo.userId)) return `${shownTo.name} is no member`;
    return undefined;
  }
}
