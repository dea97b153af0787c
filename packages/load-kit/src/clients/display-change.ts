import type { ConversationView } from '@parley/client';
import type { Message } from '@parley/protocol';

export type Display = Pick<ConversationView, 'messages' | 'firstSeq' | 'holes'>;

/** How the displayed messages of a conversation changed. Without the placeholders of holes. */
export interface DisplayChange {
  /** A message of before is gone or replaced: the library has loaded the conversation again. All messages are in `next`. */
  readonly isCleared: boolean;
  /** The messages before this seq were dropped. */
  readonly droppedBelowSeq: number | undefined;
  /** Added above the first message, newest first. */
  readonly older: readonly Message[];
  /** Found in a hole. */
  readonly inserted: readonly Message[];
  /** Added below the last message. */
  readonly next: readonly Message[];
}

/** Compares two displays of one conversation. */
export function compareDisplays(before: Display, after: Display): DisplayChange {
  const isShown = ({ seq }: Message) => !isInHole(after, seq);
  const last = before.messages.findLast(({ seq }) => !isInHole(before, seq));
  const isReplaced = (message: Message) => {
    const now = messageAt(after, message.seq);
    return now !== message && now?.id !== message.id && message.seq >= after.firstSeq && !isInHole(before, message.seq);
  };
  const isCleared =
    last !== undefined && (messageAt(after, last.seq)?.id !== last.id || before.messages.some(isReplaced));
  if (isCleared || !last) {
    const next = after.messages.filter(isShown);
    return { isCleared, droppedBelowSeq: undefined, older: [], inserted: [], next };
  }
  const known = after.messages.slice(0, last.seq - after.firstSeq + 1);
  const wasMissing = ({ seq }: Message) => seq >= before.firstSeq && isInHole(before, seq);
  return {
    isCleared,
    droppedBelowSeq: after.firstSeq > before.firstSeq ? after.firstSeq : undefined,
    older: after.messages
      .slice(0, Math.max(0, before.firstSeq - after.firstSeq))
      .filter(isShown)
      .reverse(),
    inserted: before.holes.length === 0 ? [] : known.filter((message) => wasMissing(message) && isShown(message)),
    next: after.messages.slice(known.length).filter(isShown),
  };
}

const messageAt = ({ messages, firstSeq }: Display, seq: number): Message | undefined => messages[seq - firstSeq];

const isInHole = ({ holes }: Display, seq: number): boolean =>
  holes.some(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
