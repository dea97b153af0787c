import type { ConversationId } from '@parley/protocol';
import { useEffect, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { describeError } from '../../ui/describe-error.ts';
import { useConversationActions, useConversationState } from '../conversation/conversation-context.tsx';
import type { ComposerText } from './use-composer-text.ts';

interface Send {
  readonly canSend: boolean;
  readonly error: string | null;
  readonly send: () => Promise<void>;
}

/**
 * Sends the text of the composer as a new message, a reply or an edit, and provides the error.
 *
 * @param onSettled called after each attempt
 */
export function useSend(
  conversationId: ConversationId,
  { text, isTooLong, clearDraft }: ComposerText,
  onSettled: () => void,
): Send {
  const chat = useChatClient();
  const { mode } = useConversationState();
  const { setMode } = useConversationActions();
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const canSend = text.trim() !== '' && !isTooLong && !isBusy;

  useEffect(() => setError(null), [mode]);

  const sendNew = () => {
    chat.send(conversationId, text.trim(), mode?.entry.message.id);
    clearDraft();
  };
  const sendEdit = async () => {
    if (mode && text.trim() !== mode.entry.text) {
      await chat.edit(conversationId, mode.entry.message.id, text.trim());
    }
  };
  const send = async () => {
    if (!canSend) return;
    setIsBusy(true);
    try {
      if (mode?.kind === 'edit') await sendEdit();
      else sendNew();
      setMode(null);
      setError(null);
    } catch (reason) {
      setError(describeError(reason));
    } finally {
      setIsBusy(false);
      onSettled();
    }
  };
  return { canSend, error, send };
}
