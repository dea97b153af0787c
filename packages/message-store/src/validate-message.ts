import { MESSAGE_KINDS } from '@parley/protocol';
import type { Rejection, TracedMessage } from './message-store.ts';

/** In UTF-16 units: far above the limit for clients, far below the limit of a document or row. */
const MAX_TEXT_UNITS = 100_000;
const MAX_ID_UNITS = 64;
const MAX_CONTENT_TYPE_UNITS = 256;
const MAX_NAME_UNITS = 256;

const isString = (value: unknown, maxUnits: number): value is string =>
  typeof value === 'string' && value.length <= maxUnits && value.isWellFormed();
const isId = (value: unknown) => isString(value, MAX_ID_UNITS) && value.length > 0;
const isWholeNumber = (value: unknown, min: number) => Number.isSafeInteger(value) && (value as number) >= min;
const isOptional = (value: unknown, isValid: (value: unknown) => boolean) => value === undefined || isValid(value);

const KINDS: ReadonlySet<unknown> = new Set(MESSAGE_KINDS);

type Rule = readonly [isValid: (message: TracedMessage) => boolean, reason: string];

const RULES: readonly Rule[] = [
  [({ id }) => isId(id), `id: not a well-formed string of 1 to ${MAX_ID_UNITS}`],
  [({ conversationId }) => isId(conversationId), `conversationId: not a well-formed string of 1 to ${MAX_ID_UNITS}`],
  [({ seq }) => isWholeNumber(seq, 1), 'seq: not a whole number from 1'],
  [({ senderId }) => isId(senderId), `senderId: not a well-formed string of 1 to ${MAX_ID_UNITS}`],
  [({ clientMessageId }) => isId(clientMessageId), `clientMessageId: not a well-formed string of 1 to ${MAX_ID_UNITS}`],
  [({ kind }) => KINDS.has(kind), `kind: none of ${MESSAGE_KINDS.join(', ')}`],
  [
    ({ text }) => isOptional(text, (value) => isString(value, MAX_TEXT_UNITS)),
    `text: not well-formed Unicode of at most ${MAX_TEXT_UNITS}`,
  ],
  [({ media }) => isOptional(media, isMedia), 'media: not an attachment'],
  [({ replyTo }) => isOptional(replyTo, isId), `replyTo: not a well-formed string of 1 to ${MAX_ID_UNITS}`],
  [({ createdAtMs }) => isWholeNumber(createdAtMs, 0), 'createdAtMs: not a whole number from 0'],
  [
    ({ trace }) => isOptional(trace, isTrace),
    `trace: its names are not well-formed strings of at most ${MAX_NAME_UNITS}`,
  ],
];

function isMedia(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaId, contentType, bytes, durationMs } = value as Record<string, unknown>;
  return (
    isId(mediaId) &&
    isString(contentType, MAX_CONTENT_TYPE_UNITS) &&
    isWholeNumber(bytes, 1) &&
    isOptional(durationMs, (duration) => isWholeNumber(duration, 0))
  );
}

function isTrace(value: unknown): boolean {
  const { acceptedBy, savedBy, epoch } = value as Record<string, unknown>;
  const isName = (name: unknown) => isString(name, MAX_NAME_UNITS);
  return isName(acceptedBy) && isName(savedBy) && isOptional(epoch, isName);
}

/**
 * Returns why a message is invalid, or undefined. All stores share this check; the database's own (SQLite's constraints, MongoDB's
 * validators) is the second one.
 */
export function reasonInvalid(message: TracedMessage): string | undefined {
  return RULES.find(([isValid]) => !isValid(message))?.[1];
}

/** Leaves out fields that no rule has checked. They could be nested too deeply to copy or to encode. */
function withKnownFields({ text, media, replyTo, trace, ...message }: TracedMessage): TracedMessage {
  return {
    id: message.id,
    conversationId: message.conversationId,
    seq: message.seq,
    senderId: message.senderId,
    clientMessageId: message.clientMessageId,
    kind: message.kind,
    ...(text !== undefined && { text }),
    ...(media !== undefined && { media: withKnownMediaFields(media) }),
    ...(replyTo !== undefined && { replyTo }),
    createdAtMs: message.createdAtMs,
    ...(trace !== undefined && { trace }),
  };
}

const withKnownMediaFields = ({ mediaId, contentType, bytes, durationMs }: NonNullable<TracedMessage['media']>) => ({
  mediaId,
  contentType,
  bytes,
  ...(durationMs !== undefined && { durationMs }),
});

/** Splits a batch into valid and rejected messages. */
export function splitValid(messages: readonly TracedMessage[]): {
  valid: TracedMessage[];
  rejected: Rejection[];
} {
  const valid: TracedMessage[] = [];
  const rejected: Rejection[] = [];
  for (const message of messages) {
    const reason = reasonInvalid(message);
    if (reason === undefined) valid.push(withKnownFields(message));
    else rejected.push({ id: message.id, reason });
  }
  return { valid, rejected };
}
