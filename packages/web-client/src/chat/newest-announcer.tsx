import { VisuallyHidden } from '@mantine/core';
import type { Message } from '@parley/protocol';
import { useState } from 'react';
import { useChat } from '../chat-context.tsx';

/** Reads out what others say from now on; the list itself can't, for it also grows at the front and while scrolling. */
export function NewestAnnouncer({ newest }: { newest: Message | undefined }) {
  const myId = useChat((chat) => chat.me?.id);
  const sender = useChat((chat) => (newest ? chat.people.get(newest.senderId)?.displayName : undefined));
  const [firstId] = useState(newest?.id);
  const isNews = newest && newest.id !== firstId && newest.senderId !== myId;
  return (
    <VisuallyHidden role="log" aria-live="polite">
      {isNews && `${sender ?? 'Someone'}: ${newest.text ?? newest.kind}`}
    </VisuallyHidden>
  );
}
