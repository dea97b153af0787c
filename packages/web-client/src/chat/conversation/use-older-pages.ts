import type { ConversationView } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChatClient } from '../../chat-context.tsx';

/** Loads the page before the first message while the beginning of the list is near; a page may show nothing of its own. */
export function useOlderPages(conversationId: ConversationId, view: ConversationView, isNearTop: boolean): void {
  const chat = useChatClient();
  const { hasOlder, isLoadingOlder, loadError } = view;
  useEffect(() => {
    if (isNearTop && hasOlder && !isLoadingOlder && !loadError) void chat.loadOlder(conversationId);
  }, [chat, conversationId, isNearTop, hasOlder, isLoadingOlder, loadError]);
}
