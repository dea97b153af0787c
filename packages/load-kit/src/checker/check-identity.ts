import { hashOf } from '../events/recorder.ts';
import { type Evidence, isPlaceholder, keyOf, type Occurrence, positionOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

const NO_TEXT = hashOf(undefined);

/**
 * Rule: a message has one position and one id, and a position has one message, everywhere. A placeholder is identified by its
 * position alone.
 */
export function findDuplicated({ occurrences }: Evidence): Violation[] {
  const messages = new Map<string, { first: Occurrence; positions: Set<string>; ids: Set<string> }>();
  const positions = new Map<string, { first: Occurrence; keys: Set<string> }>();
  for (const occurrence of occurrences) {
    const position = positionOf(occurrence);
    const key = isPlaceholder(occurrence) ? `the placeholder of ${position}` : keyOf(occurrence);
    const message = messages.get(key) ?? { first: occurrence, positions: new Set(), ids: new Set() };
    messages.set(key, message);
    message.positions.add(position);
    if (occurrence.id !== undefined) message.ids.add(occurrence.id);
    const atPosition = positions.get(position) ?? { first: occurrence, keys: new Set() };
    positions.set(position, atPosition);
    atPosition.keys.add(key);
  }
  const violations: Violation[] = [];
  for (const { first, positions: taken, ids } of messages.values()) {
    if (taken.size === 1 && ids.size <= 1) continue;
    const { senderId, clientMessageId } = first;
    const text = `${clientMessageId} is at ${[...taken].join(', ')} with the ids ${[...ids].join(', ')}`;
    violations.push({ kind: 'duplicated', text, about: { senderId, clientMessageId } });
  }
  for (const [position, { first, keys }] of positions) {
    if (keys.size === 1) continue;
    const { conversationId, seq } = first;
    const text = `${position} holds ${[...keys].join(' and ')}`;
    violations.push({ kind: 'duplicated', text, about: { conversationId, seq } });
  }
  return violations;
}

/**
 * Rule: every observed message was sent by that sender, to that conversation, with that text, and only members saw it.
 * Placeholders, which have no text, exist only if Redis lost data.
 */
export function findUnexpected({ record, occurrences, sent, losses }: Evidence): Violation[] {
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const violations = new Map<string, Violation>();
  for (const occurrence of occurrences) {
    const reason = reasonOf(occurrence);
    if (!reason) continue;
    const { conversationId, seq, senderId, clientMessageId, shownTo } = occurrence;
    const where = shownTo ? `seen by ${shownTo.name}` : 'in the store or its pages';
    const text = `${clientMessageId}, ${conversationId} #${seq}, ${where}: ${reason}`;
    const about = { conversationId, seq, senderId, clientMessageId };
    const known = `${keyOf(occurrence)} ${reason}`;
    if (!violations.has(known)) violations.set(known, { kind: 'unexpected', text, about });
  }
  return [...violations.values()];

  function reasonOf(occurrence: Occurrence): string | undefined {
    const { conversationId, textHash, shownTo } = occurrence;
    const original = sent.get(keyOf(occurrence));
    if (isPlaceholder(occurrence)) {
      if (!losses.isPossible) return 'it is a placeholder, but Redis lost nothing';
      if (textHash !== NO_TEXT) return 'a placeholder has a text';
    } else if (!original) return 'its sender never sent it';
    else if (original.conversationId !== conversationId) return `it was sent to ${original.conversationId}`;
    else if (textHash !== undefined && original.textHash !== textHash) return 'its text differs';
    if (shownTo && !members.get(conversationId)?.has(shownTo.userId)) return `${shownTo.name} is not a member`;
    return undefined;
  }
}
