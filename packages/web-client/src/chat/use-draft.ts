import type { ConversationId } from '@parley/protocol';
import { useState } from 'react';
import { useChat } from '../chat-context.tsx';

/** What is written and not sent, by who wrote it and where: gone with the page, but not with the screen. */
const drafts = new Map<string, string>();

/** The text begun in a conversation, and how to change it. */
export function useDraft(conversationId: ConversationId): [string, (text: string) => void] {
  const myId = useChat((chat) => chat.me?.id);
  const key = `${myId} ${conversationId}`;
  const [text, setText] = useState(() => drafts.get(key) ?? '');
  const change = (changed: string) => {
    drafts.set(key, changed);
    setText(changed);
  };
  return [text, change];
}
