import { Button, Text, Textarea } from '@mantine/core';
import { MAX_TEXT_CHARACTERS } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { useChatClient } from '../chat-context.tsx';
import { SendIcon } from '../shell/icons.tsx';
import { describeError } from '../welcome/describe-error.ts';
import classes from './composer.module.css';
import { useDraft } from './use-draft.ts';

const limit = MAX_TEXT_CHARACTERS.toLocaleString('en');

export function Composer({ conversationId }: { conversationId: ConversationId }) {
  const chat = useChatClient();
  const [draft, setDraft] = useDraft(conversationId);
  const [error, setError] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const characters = [...draft].length;
  const isTooLong = characters > MAX_TEXT_CHARACTERS;
  const canSend = draft.trim() !== '' && !isTooLong;

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);

  const send = () => {
    if (!canSend) return;
    try {
      chat.send(conversationId, draft.trim());
      setDraft('');
      setError(null);
    } catch (reason) {
      setError(describeError(reason));
    }
    field.current?.focus();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const sendOnEnter = (event: KeyboardEvent) => {
    // An Enter that ends the composition of a character in an input method is not meant for us.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form className={classes.composer} onSubmit={submit}>
      <div className={classes.line}>
        <Textarea
          ref={field}
          className={classes.text}
          aria-label="Message"
          placeholder="Write something…"
          dir="auto"
          autosize
          minRows={1}
          maxRows={8}
          value={draft}
          error={isTooLong}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={sendOnEnter}
        />
        <Button type="submit" disabled={!canSend} rightSection={<SendIcon size={18} />}>
          Send
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
          Enter sends, Shift+Enter begins a new line
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
