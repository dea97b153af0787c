import type { ConversationId, MessageRecord, Seq } from '@parley/protocol';
import type { LogBatch } from './message-consumer.ts';
import type { MessageDraft } from './message-log.ts';

/** A stream entry's fields as Redis gives them: name, value, name, value … */
export type StreamFields = readonly string[];

/** An entry as the scripts that hand over entries reply it. */
export type DeliveredEntry = readonly [entryId: string, deliveries: number, fields: StreamFields];

export const fieldsOf = (flat: StreamFields): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
  return fields;
};

/** Redis gives an entry's id as `<Unix milliseconds>-<number>`, and `<seq>-0` in the recent window. */
export const firstPartOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

/** A message from its parts; the draft comes first, so that it can't override its place. */
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

/** Where an entry's message stands, as far as it says so legibly; undefined = it does not. */
export function placeOf(fields: ReadonlyMap<string, string>): { conversationId: ConversationId; seq: Seq } | undefined {
  const conversationId = fields.get('conversation');
  const seq = positiveInteger(fields.get('seq'));
  return conversationId && seq ? { conversationId: conversationId as ConversationId, seq: seq as Seq } : undefined;
}

/** Sorts entries into messages and those that are none. */
export function toLogBatch(entries: readonly DeliveredEntry[]): LogBatch {
  const batch: LogBatch = { entries: [], malformed: [] };
  for (const [entryId, deliveries, flat] of entries) {
    const fields = fieldsOf(flat);
    const read = readMessage(fields);
    if (typeof read === 'string') batch.malformed.push({ entryId, reason: read });
    else batch.entries.push({ entryId, message: read, acceptedBy: fields.get('node') ?? '', deliveries });
  }
  return batch;
}

/** The message, or what is wrong with the entry. */
function readMessage(fields: ReadonlyMap<string, string>): MessageRecord | string {
  const conversationId = fields.get('conversation');
  if (!conversationId) return 'has no conversation';
  const seq = positiveInteger(fields.get('seq'));
  if (!seq) return 'has no valid seq';
  const createdAtMs = positiveInteger(fields.get('time'));
  if (!createdAtMs) return 'has no valid time';
  const draft = readDraft(fields.get('message'));
  if (!draft) return 'has no valid message';
  return toMessageRecord(draft, conversationId, seq, createdAtMs);
}

function readDraft(json: string | undefined): MessageDraft | undefined {
  try {
    const draft: unknown = JSON.parse(json ?? '');
    return isDraft(draft) ? draft : undefined;
  } catch {
    return undefined;
  }
}

/** What every message has. Looser than the schema of input: a newer release may have put more or other things into the log. */
const isDraft = (value: unknown): value is MessageDraft =>
  typeof value === 'object' &&
  value !== null &&
  ['id', 'senderId', 'clientMessageId', 'kind'].every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'string',
  );

function positiveInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
