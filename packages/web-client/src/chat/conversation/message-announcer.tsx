import { VisuallyHidden } from '@mantine/core';
import type { TimelineEntry } from '@parley/client';
import { useState } from 'react';
import { useChat } from '../../chat-context.tsx';
import { nameOf } from './rows.ts';

/**
 * Announces new messages of others to screen readers. The list cannot be a live region, because it also changes when older
 * messages are loaded and while scrolling.
 */
export function MessageAnnouncer({ newest }: { newest: TimelineEntry | undefined }) {
  const myId = useChat((chat) => chat.me?.id);
  const sender = useChat((chat) => (newest ? nameOf(chat, newest.message.senderId) : ''));
  const [firstId] = useState(newest?.message.id);
  const isNews = newest && newest.message.id !== firstId && newest.message.senderId !== myId;
  const colon = newest?.message.kind === 'system' ? '' : ':';
  return (
    <VisuallyHidden role="log" aria-live="polite">
      {isNews && `${sender}${colon} ${newest.text || newest.message.kind}`}
    </VisuallyHidden>
  );
}
