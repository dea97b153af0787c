import type { ConversationView } from '@parley/client';
import { useEffect, useState } from 'react';
import { useChat } from '../chat-context.tsx';
import { useIsOnline } from './use-is-online.ts';

/** So long a message may wait without anything being wrong. */
const PATIENCE_MS = 6_000;

/** The message that has waited longest, as a name that changes when another one takes its place; '' where none waits. */
function waitingIn(view: ConversationView): string {
  const unsent = view.pending.find(({ state }) => state === 'sending');
  if (unsent) return `unsent ${unsent.clientMessageId}`;
  const newest = view.messages.at(-1);
  return newest && newest.seq > view.storedSeq ? `unstored ${view.storedSeq}` : '';
}

/** Whether messages wait to be taken by a server, or to be stored, for longer than they should. */
export function useIsDegraded(): boolean {
  const waiting = useChat(({ views }) => {
    for (const [id, view] of views) {
      const what = waitingIn(view);
      if (what !== '') return `${id} ${what}`;
    }
    return '';
  });
  const isOnline = useIsOnline();
  const [late, setLate] = useState('');
  useEffect(() => {
    if (waiting === '' || !isOnline) return;
    const timer = setTimeout(() => setLate(waiting), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waiting, isOnline]);
  return late !== '' && late === waiting;
}
