import type { ConversationView } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useState } from 'react';
import { useJump } from '../jump-to-message.tsx';
import { firstUnreadIndex, indexOfSeq } from './rows.ts';

type ListStart =
  | { readonly index: number; readonly align: 'center' | 'start' }
  | { readonly index: 'LAST'; readonly align: 'end' };

/** Returns the row at which the list starts: the jump target, the first unread message or the end. Never changes. */
export function useListStart(conversationId: ConversationId, view: ConversationView): ListStart {
  const { target } = useJump();
  const [start] = useState((): ListStart => {
    if (target?.conversationId === conversationId && view.firstSeq <= target.seq) {
      return { index: indexOfSeq(view.timeline, target.seq), align: 'center' };
    }
    const unreadIndex = firstUnreadIndex(view);
    // If everything is unread there is no position to continue from.
    const hasReadNothing = unreadIndex === 0 && !view.hasOlder;
    if (unreadIndex !== undefined && !hasReadNothing) return { index: unreadIndex, align: 'start' };
    return { index: 'LAST', align: 'end' };
  });
  return start;
}
