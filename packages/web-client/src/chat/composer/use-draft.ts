import type { ConversationId } from '@parley/protocol';
import { useEffect, useRef, useState } from 'react';
import { useChat } from '../../chat-context.tsx';
import { keepDraft, readDraft } from './drafts.ts';

/** A draft is written to the disk when the writer pauses this long, or leaves. */
const PAUSE_MS = 300;

/** The text begun in a conversation, through a reload, and how to change it. */
export function useDraft(conversationId: ConversationId): [string, (text: string) => void] {
  const myId = useChat((chat) => chat.me?.id);
  const key = `${myId} ${conversationId}`;
  const [text, setText] = useState(() => readDraft(key));
  const unkept = useRef<string | null>(null);

  useEffect(() => {
    const keep = () => {
      if (unkept.current !== null) keepDraft(key, unkept.current);
      unkept.current = null;
    };
    if (text === unkept.current) {
      const timer = setTimeout(keep, PAUSE_MS);
      window.addEventListener('pagehide', keep);
      return () => {
        clearTimeout(timer);
        window.removeEventListener('pagehide', keep);
      };
    }
  }, [key, text]);

  useEffect(
    () => () => {
      if (unkept.current !== null) keepDraft(key, unkept.current);
      unkept.current = null;
    },
    [key],
  );

  const change = (changed: string) => {
    unkept.current = changed;
    setText(changed);
  };
  return [text, change];
}
