import { Button, Textarea } from '@mantine/core';
import type { ConversationId } from '@parley/protocol';
import { type KeyboardEvent, type RefObject, type SubmitEvent, useEffect, useRef } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { SendIcon } from '../../ui/icons.tsx';
import { useConversationActions, useConversationState } from '../conversation/conversation-context.tsx';
import classes from './composer.module.css';
import { ComposerFooter } from './composer-footer.tsx';
import { ComposerModeBar } from './composer-mode-bar.tsx';
import { EmojiButton } from './emoji-button.tsx';
import { type ComposerText, useComposerText } from './use-composer-text.ts';
import { useSend } from './use-send.ts';

/** The input for new messages, replies and edits. */
export function Composer({ conversationId }: { conversationId: ConversationId }) {
  const { mode } = useConversationState();
  const { setMode } = useConversationActions();
  const field = useRef<HTMLTextAreaElement>(null);
  const composed = useComposerText(conversationId);
  const { canSend, error, send } = useSend(conversationId, composed, () => field.current?.focus());
  const editLast = useEditLast(conversationId);
  useFocus(field);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void send();
  };
  const pressed = (event: KeyboardEvent) => {
    // An input method is composing a character and handles the key itself.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && mode) {
      event.preventDefault();
      setMode(null);
    } else if (event.key === 'ArrowUp' && composed.text === '' && !mode) {
      event.preventDefault();
      editLast();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  };

  return (
    <form className={classes.composer} onSubmit={submit}>
      <ComposerModeBar mode={mode} onCancel={() => setMode(null)} />
      <div className={classes.line}>
        <EmojiButton onPick={(emoji) => insertAtCursor(field, composed, emoji)} />
        <Textarea
          ref={field}
          className={classes.text}
          aria-label="Message"
          placeholder="Write a message…"
          dir="auto"
          autosize
          minRows={1}
          maxRows={8}
          value={composed.text}
          error={composed.isTooLong}
          onChange={(event) => composed.change(event.currentTarget.value)}
          onKeyDown={pressed}
          onBlur={composed.stopTyping}
        />
        <Button type="submit" className={classes.send} disabled={!canSend} rightSection={<SendIcon size={18} />}>
          {mode?.kind === 'edit' ? 'Save' : 'Send'}
        </Button>
      </div>
      <ComposerFooter error={error} composed={composed} />
    </form>
  );
}

/** Focuses the input when a reply or an edit starts and, without a touch screen, when the conversation is opened. */
function useFocus(field: RefObject<HTMLTextAreaElement | null>): void {
  const { mode } = useConversationState();
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, [field]);
  useEffect(() => {
    if (mode) field.current?.focus();
  }, [field, mode]);
}

/** Returns a function that starts to edit the user's last message. */
function useEditLast(conversationId: ConversationId): () => void {
  const chat = useChatClient();
  const { setMode } = useConversationActions();
  return () => {
    const { me, views } = chat.getSnapshot();
    const isMine = ({ message }: { message: { senderId: string; kind: string } }) =>
      message.senderId === me?.id && message.kind === 'text';
    const last = views.get(conversationId)?.timeline.findLast((entry) => isMine(entry) && !entry.isDeleted);
    if (last) setMode({ kind: 'edit', entry: last });
  };
}

/** Replaces the selection by an emoji and places the cursor after it. */
function insertAtCursor(
  field: RefObject<HTMLTextAreaElement | null>,
  { text, change }: ComposerText,
  emoji: string,
): void {
  const { selectionStart = text.length, selectionEnd = text.length } = field.current ?? {};
  change(text.slice(0, selectionStart) + emoji + text.slice(selectionEnd));
  requestAnimationFrame(() => {
    field.current?.focus();
    field.current?.setSelectionRange(selectionStart + emoji.length, selectionStart + emoji.length);
  });
}
