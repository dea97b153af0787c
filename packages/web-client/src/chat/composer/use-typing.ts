import type { ConversationId } from '@parley/protocol';
import { useEffect, useMemo } from 'react';
import { useChatClient } from '../../chat-context.tsx';

/** Typing ends after this pause. */
const PAUSE_MS = 5_000;

/** Sends typing signals for this user. */
export function useTyping(conversationId: ConversationId): { typed: () => void; stopped: () => void } {
  const chat = useChatClient();
  const typing = useMemo(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopped = () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      if (chat.getSnapshot().login === 'signed-in') chat.setTyping(conversationId, false);
    };
    const typed = () => {
      clearTimeout(timer);
      timer = setTimeout(stopped, PAUSE_MS);
      chat.setTyping(conversationId, true);
    };
    return { typed, stopped };
  }, [chat, conversationId]);
  useEffect(() => typing.stopped, [typing]);
  return typing;
}
