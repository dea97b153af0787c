import type { ConversationView } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { type RefObject, useEffect, useState } from 'react';
import type { VirtuosoHandle } from 'react-virtuoso';
import { useChatClient } from '../../chat-context.tsx';
import { type JumpTarget, useJump } from '../jump-to-message.tsx';
import { useConversationActions } from './conversation-context.tsx';
import { indexOfSeq } from './rows.ts';

/** Duration of the highlight after a jump. */
const HIGHLIGHT_MS = 2_500;

/**
 * Scrolls to the jump target and loads older pages if necessary.
 *
 * @returns the seq of the highlighted message
 */
export function useScrollToTarget(
  conversationId: ConversationId,
  view: ConversationView,
  list: RefObject<VirtuosoHandle | null>,
): number | null {
  const chat = useChatClient();
  const { target, clear } = useJump();
  const { setError } = useConversationActions();
  const [reachable, setReachable] = useState<JumpTarget | null>(null);
  const [highlightedSeq, setHighlightedSeq] = useState<number | null>(null);

  useEffect(() => {
    if (target?.conversationId !== conversationId) return;
    let isCurrent = true;
    void chat.loadUntil(conversationId, target.seq).then((isThere) => {
      if (!isCurrent) return;
      if (isThere) return setReachable(target);
      setError('Could not load the message. Try again.');
      clear();
    });
    return () => {
      isCurrent = false;
    };
  }, [chat, conversationId, target, clear, setError]);

  useEffect(() => {
    if (!reachable || view.firstSeq > reachable.seq) return;
    const index = indexOfSeq(view.timeline, reachable.seq);
    list.current?.scrollToIndex({ index, align: 'center' });
    setHighlightedSeq(reachable.seq);
    setReachable(null);
    clear();
  }, [reachable, view, list, clear]);

  useEffect(() => {
    if (highlightedSeq === null) return;
    const timer = setTimeout(() => setHighlightedSeq(null), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [highlightedSeq]);

  return highlightedSeq;
}
