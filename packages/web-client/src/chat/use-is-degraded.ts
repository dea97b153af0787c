import type { ConversationView } from '@parley/client';
import { useEffect, useState } from 'react';
import { useChat } from '../chat-context.tsx';
import { useIsOnline } from './use-is-online.ts';

/** A message that waits longer than this is late. */
const LATE_AFTER_MS = 6_000;

/** Returns a key of the longest waiting message, which changes when another one takes its place; '' if none waits. */
function waitingIn(view: ConversationView): string {
  const unsent = view.pending.find(({ state }) => state === 'sending');
  if (unsent) return `unsent ${unsent.clientMessageId}`;
  const newest = view.messages.at(-1);
  return newest && newest.seq > view.storedSeq ? `unstored ${view.storedSeq}` : '';
}

/** Whether a message has been waiting too long to be accepted or stored. */
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
    const timer = setTimeout(() => setLate(waiting), LATE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [waiting, isOnline]);
  return late !== '' && late === waiting;
}
