import type { ChatSnapshot } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';

/** For how many conversations the list knows what was said last before they are opened. */
const MAX_PREVIEWS = 30;

/** Those that could not be loaded are tried again this much later, when there are no others. */
const LOAD_AGAIN_MS = 5_000;

/** Loads the newest page of the conversations at the top of the list, one after another, so that it can show what was said. */
export function useLoadPreviews(): void {
  const chat = useChatClient();
  const nextId = useChat((snapshot) => firstLacking(snapshot, false));
  const failedId = useChat((snapshot) => firstLacking(snapshot, true));
  useEffect(() => {
    if (nextId !== undefined) void chat.loadOlder(nextId);
    else if (failedId !== undefined) {
      const timer = setTimeout(() => void chat.loadOlder(failedId), LOAD_AGAIN_MS);
      return () => clearTimeout(timer);
    }
  }, [chat, nextId, failedId]);
}

/** The first conversation whose newest page is not here, and could or could not be loaded so far; none while one is loading. */
function firstLacking(
  { conversations, views, connection }: ChatSnapshot,
  hasFailed: boolean,
): ConversationId | undefined {
  if (connection.phase !== 'online') return undefined;
  const top = conversations?.slice(0, MAX_PREVIEWS) ?? [];
  if (top.some(({ id }) => views.get(id)?.isLoadingOlder)) return undefined;
  return top.find(({ id }) => {
    const view = views.get(id);
    if (!view || view.isLoaded) return false;
    return hasFailed ? view.loadError?.retryable : !view.loadError;
  })?.id;
}
