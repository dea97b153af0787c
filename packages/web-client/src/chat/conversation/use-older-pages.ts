import type { ConversationView } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChatClient } from '../../chat-context.tsx';

/** Loads older pages while the list is near its top. Repeats, because a page that contains only changes adds no rows. */
export function useOlderPages(conversationId: ConversationId, view: ConversationView, isNearTop: boolean): void {
  const chat = useChatClient();
  const { hasOlder, isLoadingOlder, loadError } = view;
  useEffect(() => {
    if (isNearTop && hasOlder && !isLoadingOlder && !loadError) void chat.loadOlder(conversationId);
  }, [chat, conversationId, isNearTop, hasOlder, isLoadingOlder, loadError]);
}
