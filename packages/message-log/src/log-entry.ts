import type { ConversationId, MessageRecord, Seq } from '@parley/protocol';
import type { LogBatch } from './message-consumer.ts';
import type { MessageDraft } from './message-log.ts';

/** A stream entry's fields as Redis replies them: name, value, name, value … */
export type StreamFields = readonly string[];

/** An entry as read-pending.lua and reclaim.lua reply it. */
export type DeliveredEntry = readonly [entryId: string, deliveries: number, fields: StreamFields];

export const fieldsOf = (flat: StreamFields): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
  return fields;
};

/** Returns the first number of an entry id: `<Unix milliseconds>-<number>` in the log, `<seq>-0` in the recent window. */
export const firstPartOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

/** Builds a message record. The draft is spread first and cannot override the conversation, seq or time. */
export const toMessageRecord = (
  draft: MessageDraft,
  conversationId: string,
  seq: number,
  createdAtMs: number,
): MessageRecord => ({
  ...draft,
  conversationId: conversationId as ConversationId,
  seq: seq as Seq,
  createdAtMs,
});

/** Returns the conversation and seq of an entry, or undefined when it has no valid ones. */
export function positionOf(
  fields: ReadonlyMap<string, string>,
): { conversationId: ConversationId; seq: Seq } | undefined {
  const conversationId = fields.get('conversation');
  const seq = positiveInteger(fields.get('seq'));
  return conversationId && seq ? { conversationId: conversationId as ConversationId, seq: seq as Seq } : undefined;
}

/** Parses entries into messages and malformed entries. */
export function toLogBatch(entries: readonly DeliveredEntry[]): LogBatch {
  const batch: LogBatch = { entries: [], malformed: [] };
  for (const [entryId, deliveries, flat] of entries) {
    const fields = fieldsOf(flat);
    const parsed = parseMessage(fields);
    const field = (name: string) => fields.get(name) ?? '';
    const [appendedBy, holder, epoch] = [field('node'), field('sender'), field('epoch')];
    if (typeof parsed === 'string') batch.malformed.push({ entryId, epoch, reason: parsed });
    else batch.entries.push({ entryId, message: parsed, appendedBy, holder, epoch, deliveries });
  }
  return batch;
}

/** Returns the message, or why the entry is malformed. */
function parseMessage(fields: ReadonlyMap<string, string>): MessageRecord | string {
  const conversationId = fields.get('conversation');
  if (!conversationId) return 'has no conversation';
  const seq = positiveInteger(fields.get('seq'));
  if (!seq) return 'has no valid seq';
  const createdAtMs = positiveInteger(fields.get('time'));
  if (!createdAtMs) return 'has no valid time';
  const draft = parseDraft(fields.get('message'));
  if (!draft) return 'has no valid message';
  return toMessageRecord(draft, conversationId, seq, createdAtMs);
}

function parseDraft(json: string | undefined): MessageDraft | undefined {
  try {
    const draft: unknown = JSON.parse(json ?? '');
    return isDraft(draft) ? draft : undefined;
  } catch {
    return undefined;
  }
}

/** Checks the fields that every message has. Looser than the input schema: a newer release may append further fields or kinds. */
const isDraft = (value: unknown): value is MessageDraft =>
  typeof value === 'object' &&
  value !== null &&
  ['id', 'senderId', 'clientMessageId', 'kind'].every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'string',
  );

function positiveInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
