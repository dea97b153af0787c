import type { ConversationId } from '@parley/protocol';
import { useEffect, useRef, useState } from 'react';
import { useChat } from '../../chat-context.tsx';
import { readDraft, saveDraft } from './drafts.ts';

/** A draft is saved after this pause in typing, and when the page is left. */
const PAUSE_MS = 300;

/** Returns the draft of a conversation, which survives a reload, and a function to change it. */
export function useDraft(conversationId: ConversationId): [string, (text: string) => void] {
  const myId = useChat((chat) => chat.me?.id);
  const key = `${myId} ${conversationId}`;
  const [text, setText] = useState(() => readDraft(key));
  const unsaved = useRef<string | null>(null);

  useEffect(() => {
    const save = () => {
      if (unsaved.current !== null) saveDraft(key, unsaved.current);
      unsaved.current = null;
    };
    if (text === unsaved.current) {
      const timer = setTimeout(save, PAUSE_MS);
      window.addEventListener('pagehide', save);
      return () => {
        clearTimeout(timer);
        window.removeEventListener('pagehide', save);
      };
    }
  }, [key, text]);

  useEffect(
    () => () => {
      if (unsaved.current !== null) saveDraft(key, unsaved.current);
      unsaved.current = null;
    },
    [key],
  );

  const change = (changed: string) => {
    unsaved.current = changed;
    setText(changed);
  };
  return [text, change];
}
