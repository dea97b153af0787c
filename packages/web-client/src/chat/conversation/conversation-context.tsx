import type { TimelineEntry } from '@parley/client';
import type { Conversation, ConversationId, MessageId } from '@parley/protocol';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { describeError } from '../../ui/describe-error.ts';
import { useJump } from '../jump-to-message.tsx';
import { entryById } from './rows.ts';

/** Mode of the composer: a reply, an edit, or a new message (null). */
export type ComposerMode = { readonly kind: 'reply' | 'edit'; readonly entry: TimelineEntry } | null;

/** Maximum number of pages that are loaded to find a message by id. */
const MAX_PAGES = 40;

/** Actions for the rows of the list. The object never changes, so it does not make rows render again. */
export interface ConversationActions {
  readonly conversationId: ConversationId;
  readonly setMode: (mode: ComposerMode) => void;
  readonly askToDelete: (entry: TimelineEntry | null) => void;
  /** Scrolls to a message and loads older pages if necessary. */
  readonly jumpToMessage: (id: MessageId) => Promise<void>;
  /** Awaits an action and shows its error. */
  readonly run: (action: Promise<unknown>) => Promise<void>;
  readonly setError: (error: string | null) => void;
}

interface ConversationState {
  readonly conversation: Conversation | undefined;
  readonly mode: ComposerMode;
  readonly toDelete: TimelineEntry | null;
  readonly error: string | null;
}

const ActionsContext = createContext<ConversationActions | null>(null);
const StateContext = createContext<ConversationState | null>(null);

interface ConversationProviderProps {
  readonly conversationId: ConversationId;
  readonly conversation: Conversation | undefined;
  readonly children: ReactNode;
}

export function ConversationProvider({ conversationId, conversation, children }: ConversationProviderProps) {
  const chat = useChatClient();
  const { jumpTo } = useJump();
  const [mode, setMode] = useState<ComposerMode>(null);
  const [toDelete, askToDelete] = useState<TimelineEntry | null>(null);
  const [error, setError] = useState<string | null>(null);
  const actions = useMemo<ConversationActions>(
    () => ({
      conversationId,
      setMode,
      askToDelete,
      setError,
      async jumpToMessage(id) {
        for (let pages = 0; pages < MAX_PAGES; pages += 1) {
          const view = chat.getSnapshot().views.get(conversationId);
          const found = view && entryById(view.timeline, id);
          if (found) return jumpTo({ conversationId, seq: found.message.seq });
          if (!view?.hasOlder || view.loadError) break;
          await chat.loadOlder(conversationId);
        }
        setError('Could not find the message.');
      },
      async run(action) {
        try {
          await action;
          setError(null);
        } catch (reason) {
          setError(describeError(reason));
        }
      },
    }),
    [chat, conversationId],
  );
  const state = useMemo(() => ({ conversation, mode, toDelete, error }), [conversation, mode, toDelete, error]);
  return (
    <ActionsContext value={actions}>
      <StateContext value={state}>{children}</StateContext>
    </ActionsContext>
  );
}

export function useConversationActions(): ConversationActions {
  const actions = use(ActionsContext);
  if (!actions) throw new Error('useConversationActions and useConversationState need a ConversationProvider');
  return actions;
}

export function useConversationState(): ConversationState {
  const state = use(StateContext);
  if (!state) throw new Error('useConversationActions and useConversationState need a ConversationProvider');
  return state;
}
