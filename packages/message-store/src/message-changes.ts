import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';
import { SENDABLE_KINDS } from '@parley/protocol/constants';

/** What a store notes of an edit or a deletion, so that it is found by the message that it changes. */
export interface ChangeNote {
  readonly changeId: MessageId;
  readonly targetId: MessageId;
  readonly conversationId: ConversationId;
  readonly kind: 'edit' | 'delete';
  readonly seq: number;
}

/** What all known changes of a message come to. */
export type FoldedChange = Pick<ChangeNote, 'targetId' | 'conversationId'> &
  /** A deletion is the end, also of edits that come after it. */
  (
    | { readonly kind: 'deleted'; readonly editIds: readonly MessageId[] }
    /** The edit with the largest seq, whichever was saved last. */
    | { readonly kind: 'edited'; readonly editId: MessageId; readonly seq: number }
  );

const FINDABLE: ReadonlySet<string> = new Set(SENDABLE_KINDS);

/** Whether a message can be found, edited and deleted: changes themselves and system lines can't. */
export const isFindable = ({ kind }: Pick<MessageRecord, 'kind'>): boolean => FINDABLE.has(kind);

/** The edits and deletions among messages. */
export function changeNotesOf(messages: readonly MessageRecord[]): ChangeNote[] {
  return messages.flatMap(({ id, conversationId, kind, seq, replyTo }) =>
    replyTo !== undefined && (kind === 'edit' || kind === 'delete')
      ? [{ changeId: id, targetId: replyTo, conversationId, kind, seq }]
      : [],
  );
}

/** A change counts only within the conversation of its target, so it takes both to name the target. */
export const targetKeyOf = (change: Pick<ChangeNote, 'targetId' | 'conversationId'>): string =>
  `${change.targetId} ${change.conversationId}`;

/** @param notes all that are known of each target, in any order */
export function foldChanges(notes: readonly ChangeNote[]): FoldedChange[] {
  return [...Map.groupBy(notes, targetKeyOf).values()].flatMap((ofTarget): FoldedChange[] => {
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
