import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';
import { SENDABLE_KINDS } from '@parley/protocol/constants';

/** An edit or deletion as a store records it, to find it by its target. */
export interface ChangeRecord {
  readonly changeId: MessageId;
  readonly targetId: MessageId;
  readonly conversationId: ConversationId;
  readonly kind: 'edit' | 'delete';
  readonly seq: number;
}

/** The combined effect of all known changes of a message. */
export type MergedChange = Pick<ChangeRecord, 'targetId' | 'conversationId'> &
  /** A deletion takes precedence over all edits, including later ones. */
  (
    | { readonly kind: 'deleted'; readonly editIds: readonly MessageId[] }
    /** The edit with the largest seq, regardless of the order of saving. */
    | { readonly kind: 'edited'; readonly editId: MessageId; readonly seq: number }
  );

const SEARCHABLE: ReadonlySet<string> = new Set(SENDABLE_KINDS);

/** Returns whether a message can be found, edited and deleted. Changes and system messages cannot. */
export const isSearchable = ({ kind }: Pick<MessageRecord, 'kind'>): boolean => SEARCHABLE.has(kind);

/** Returns the records of the edits and deletions among the messages. */
export function changeRecordsOf(messages: readonly MessageRecord[]): ChangeRecord[] {
  return messages.flatMap(({ id, conversationId, kind, seq, replyTo }) =>
    replyTo !== undefined && (kind === 'edit' || kind === 'delete')
      ? [{ changeId: id, targetId: replyTo, conversationId, kind, seq }]
      : [],
  );
}

/** Includes the conversation, because a change from another conversation does not count. */
export const targetKeyOf = (change: Pick<ChangeRecord, 'targetId' | 'conversationId'>): string =>
  `${change.targetId} ${change.conversationId}`;

/** Merges the changes of each target. @param records all known changes of each target, in any order */
export function mergeChanges(records: readonly ChangeRecord[]): MergedChange[] {
  return [...Map.groupBy(records, targetKeyOf).values()].flatMap((ofTarget): MergedChange[] => {
    const [first] = ofTarget;
    if (!first) return [];
    const { targetId, conversationId } = first;
    const edits = ofTarget.filter(({ kind }) => kind === 'edit');
    if (edits.length < ofTarget.length) {
      return [{ kind: 'deleted', targetId, conversationId, editIds: edits.map(({ changeId }) => changeId) }];
    }
    const { changeId: editId, seq } = edits.reduce((newest, edit) => (edit.seq > newest.seq ? edit : newest));
    return [{ kind: 'edited', targetId, conversationId, editId, seq }];
  });
}
