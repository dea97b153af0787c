import type { ChatSnapshot } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';

/** Number of conversations whose newest page is loaded for the preview. */
const MAX_PREVIEWS = 30;

/** Delay before failed pages are requested again, after all others. */
const RETRY_AFTER_MS = 5_000;

/** Loads the newest page of the first conversations in the list, one after the other, for their previews. */
export function useLoadPreviews(): void {
  const chat = useChatClient();
  const nextId = useChat((snapshot) => firstWithoutPage(snapshot, false));
  const failedId = useChat((snapshot) => firstWithoutPage(snapshot, true));
  useEffect(() => {
    if (nextId !== undefined) void chat.loadOlder(nextId);
    else if (failedId !== undefined) {
      const timer = setTimeout(() => void chat.loadOlder(failedId), RETRY_AFTER_MS);
      return () => clearTimeout(timer);
    }
  }, [chat, nextId, failedId]);
}

/** Returns the first conversation without its newest page, with or without a failed attempt; undefined while one is loading. */
function firstWithoutPage(
  { conversations, views, connection }: ChatSnapshot,
  hasFailed: boolean,
): ConversationId | undefined {
  if (connection.phase !== 'online') return undefined;
  const top = conversations?.slice(0, MAX_PREVIEWS) ?? [];
  if (top.some(({ id }) => views.get(id)?.isLoadingOlder)) return undefined;
  return top.find(({ id }) => {
    const view = views.get(id);
    // A view with messages has its page. It is not loaded until the messages after the page have been fetched, too.
    if (!view || view.isLoaded || view.messages.length > 0) return false;
    return hasFailed ? view.loadError?.retryable : !view.loadError;
  })?.id;
}
