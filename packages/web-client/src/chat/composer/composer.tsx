import { Button, Text, Textarea } from '@mantine/core';
import { MAX_TEXT_CHARACTERS } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { describeError } from '../../ui/describe-error.ts';
import { SendIcon } from '../../ui/icons.tsx';
import {
  type ComposerMode,
  useConversationActions,
  useConversationState,
} from '../conversation/conversation-context.tsx';
import classes from './composer.module.css';
import { ComposerModeBar } from './composer-mode-bar.tsx';
import { EmojiButton } from './emoji-button.tsx';
import { useDraft } from './use-draft.ts';
import { useTyping } from './use-typing.ts';

const limit = MAX_TEXT_CHARACTERS.toLocaleString('en');

/** The input for new messages, replies and edits. */
export function Composer({ conversationId }: { conversationId: ConversationId }) {
  const chat = useChatClient();
  const { mode } = useConversationState();
  const { setMode } = useConversationActions();
  const [draft, setDraft] = useDraft(conversationId);
  const [edited, setEdited] = useState<{ mode: ComposerMode; text: string } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const typing = useTyping(conversationId);
  const field = useRef<HTMLTextAreaElement>(null);
  const isEditing = mode?.kind === 'edit';
  const editedText = edited?.mode === mode ? (edited?.text ?? '') : (mode?.entry.text ?? '');
  const text = isEditing ? editedText : draft;
  const characters = [...text].length;
  const isTooLong = characters > MAX_TEXT_CHARACTERS;
  const canSend = text.trim() !== '' && !isTooLong && !isBusy;

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  useEffect(() => {
    if (mode) field.current?.focus();
    setError(null);
  }, [mode]);

  const change = (changed: string) => {
    if (isEditing) return setEdited({ mode, text: changed });
    setDraft(changed);
    if (changed.trim() === '') typing.stopped();
    else typing.typed();
  };
  const sendNew = () => {
    chat.send(conversationId, draft.trim(), mode?.entry.message.id);
    setDraft('');
    typing.stopped();
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
      if (isEditing) await sendEdit();
      else sendNew();
      setMode(null);
      setError(null);
    } catch (reason) {
      setError(describeError(reason));
    } finally {
      setIsBusy(false);
      field.current?.focus();
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void send();
  };
  const editLast = () => {
    const { me, views } = chat.getSnapshot();
    const isMine = ({ message }: { message: { senderId: string; kind: string } }) =>
      message.senderId === me?.id && message.kind === 'text';
    const last = views.get(conversationId)?.timeline.findLast((entry) => isMine(entry) && !entry.isDeleted);
    if (last) setMode({ kind: 'edit', entry: last });
  };
  const pressed = (event: KeyboardEvent) => {
    // An input method is composing a character and handles the key itself.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && mode) {
      event.preventDefault();
      setMode(null);
    } else if (event.key === 'ArrowUp' && text === '' && !mode) {
      event.preventDefault();
      editLast();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  };
  const insert = (emoji: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = field.current ?? {};
    change(text.slice(0, selectionStart) + emoji + text.slice(selectionEnd));
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(selectionStart + emoji.length, selectionStart + emoji.length);
    });
  };

  return (
    <form className={classes.composer} onSubmit={submit}>
      <ComposerModeBar mode={mode} onCancel={() => setMode(null)} />
      <div className={classes.line}>
        <EmojiButton onPick={insert} />
        <Textarea
          ref={field}
          className={classes.text}
          aria-label="Message"
          placeholder="Write a message…"
          dir="auto"
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          error={isTooLong}
          onChange={(event) => change(event.currentTarget.value)}
          onKeyDown={pressed}
          onBlur={typing.stopped}
        />
        <Button type="submit" className={classes.send} disabled={!canSend} rightSection={<SendIcon size={18} />}>
          {isEditing ? 'Save' : 'Send'}
        </Button>
      </div>
      <div className={classes.below}>
        <div role="alert">
          {error !== null && (
            <Text size="xs" c="var(--mantine-color-error)">
              {error}
            </Text>
          )}
        </div>
        <Text size="xs" c="dimmed" className={classes.hint}>
          Enter to send, Shift+Enter for a new line
        </Text>
        <Text
          size="xs"
          c={isTooLong ? 'var(--mantine-color-error)' : 'dimmed'}
          aria-live={isTooLong ? 'polite' : 'off'}
        >
          {isTooLong && 'Too long: '}
          {characters.toLocaleString('en')} / {limit}
        </Text>
      </div>
    </form>
  );
}
