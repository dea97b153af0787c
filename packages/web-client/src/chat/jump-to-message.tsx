import type { ConversationId } from '@parley/protocol';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';

/** A message that somebody wants to see. */
export interface JumpTarget {
  readonly conversationId: ConversationId;
  readonly seq: number;
}

interface Jump {
  /** What the list of that conversation is to bring into view. */
  readonly target: JumpTarget | null;
  readonly jumpTo: (target: JumpTarget) => void;
  /** It is in view, or can not be had. */
  readonly arrive: () => void;
}

const JumpContext = createContext<Jump | null>(null);

/** Carries the wish to see a message from where it arises, such as a search hit, to the list that fulfils it. */
export function JumpProvider({ children }: { children: ReactNode }) {
  const [target, setTarget] = useState<JumpTarget | null>(null);
  const jump = useMemo(
    () => ({ target, jumpTo: (wanted: JumpTarget) => setTarget({ ...wanted }), arrive: () => setTarget(null) }),
    [target],
  );
  return <JumpContext value={jump}>{children}</JumpContext>;
}

export function useJump(): Jump {
  const jump = use(JumpContext);
  if (!jump) throw new Error('there is no JumpProvider around this component');
  return jump;
}
