import type { ConversationId } from '@parley/protocol';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';

/** The message to scroll to. */
export interface JumpTarget {
  readonly conversationId: ConversationId;
  readonly seq: number;
}

interface Jump {
  /** The message that the list of its conversation must scroll to. */
  readonly target: JumpTarget | null;
  readonly jumpTo: (target: JumpTarget) => void;
  /** Clears the target, after it was reached or could not be loaded. */
  readonly clear: () => void;
}

const JumpContext = createContext<Jump | null>(null);

/** Passes a jump request, for example from a search result, to the message list that scrolls to it. */
export function JumpProvider({ children }: { children: ReactNode }) {
  const [target, setTarget] = useState<JumpTarget | null>(null);
  const jump = useMemo(
    () => ({ target, jumpTo: (wanted: JumpTarget) => setTarget({ ...wanted }), clear: () => setTarget(null) }),
    [target],
  );
  return <JumpContext value={jump}>{children}</JumpContext>;
}

export function useJump(): Jump {
  const jump = use(JumpContext);
  if (!jump) throw new Error('useJump needs a JumpProvider');
  return jump;
}
