import { MAX_TEXT_CHARACTERS } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useState } from 'react';
import { type ComposerMode, useConversationState } from '../conversation/conversation-context.tsx';
import { useDraft } from './use-draft.ts';
import { useTyping } from './use-typing.ts';

export interface ComposerText {
  readonly text: string;
  readonly characters: number;
  readonly isTooLong: boolean;
  readonly change: (text: string) => void;
  /** Clears the draft and ends typing. */
  readonly clearDraft: () => void;
  readonly stopTyping: () => void;
}

/** Provides the text in the input: the draft of the conversation or, while a message is edited, its changed text. */
export function useComposerText(conversationId: ConversationId): ComposerText {
  const { mode } = useConversationState();
  const [draft, setDraft] = useDraft(conversationId);
  const [edited, setEdited] = useState<{ mode: ComposerMode; text: string } | null>(null);
  const typing = useTyping(conversationId);
  const isEditing = mode?.kind === 'edit';
  const editedText = edited?.mode === mode ? (edited?.text ?? '') : (mode?.entry.text ?? '');
  const text = isEditing ? editedText : draft;
  const characters = [...text].length;

  return {
    text,
    characters,
    isTooLong: characters > MAX_TEXT_CHARACTERS,
    change(changed) {
      if (isEditing) return setEdited({ mode, text: changed });
      setDraft(changed);
      if (changed.trim() === '') typing.stopped();
      else typing.typed();
    },
    clearDraft() {
      setDraft('');
      typing.stopped();
    },
    stopTyping: typing.stopped,
  };
}
