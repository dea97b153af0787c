import { useEffect } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';

/** For how many conversations the list knows what was said last before they are opened. */
const MAX_PREVIEWS = 30;

/** Loads the newest page of the conversations at the top of the list, one after another, so that it can show what was said. */
export function usePreviews(): void {
  const chat = useChatClient();
  const nextId = useChat(({ conversations, threads, connection }) => {
    if (connection.phase !== 'online') return undefined;
    const top = conversations?.slice(0, MAX_PREVIEWS) ?? [];
    if (top.some(({ id }) => threads.get(id)?.isLoadingOlder)) return undefined;
    return top.find(({ id }) => {
      const thread = threads.get(id);
      return thread && !thread.isLoaded && !thread.loadError;
    })?.id;
  });
  useEffect(() => {
    if (nextId !== undefined) void chat.loadOlder(nextId);
  }, [chat, nextId]);
}
