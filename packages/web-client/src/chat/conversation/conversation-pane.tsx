import { Button, Center, Loader, Stack, Text } from '@mantine/core';
import { type ConversationView, LOBBY_ID } from '@parley/client';
import type { Conversation, ConversationId } from '@parley/protocol';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';
import { Composer } from '../composer/composer.tsx';
import { conversationOf, titleOf } from '../conversation-title.ts';
import { ConversationProvider, useConversationState } from './conversation-context.tsx';
import { ConversationError } from './conversation-error.tsx';
import { ConversationHeader } from './conversation-header.tsx';
import { LoadError } from './load-error.tsx';
import { MessageAnnouncer } from './message-announcer.tsx';
import { MessageList } from './message-list.tsx';
import { rowCount } from './rows.ts';
import { TypingIndicator } from './typing-indicator.tsx';

const DeleteDialog = lazyComponent(() => import('./delete-dialog.tsx'));

/** The open conversation, or a hint if none is open. */
export function ConversationPane() {
  const openConversationId = useChat((chat) => chat.openConversationId);
  if (openConversationId === null) return <Notice text="Select a conversation or start a new one." />;
  return <OpenConversation key={openConversationId} conversationId={openConversationId} />;
}

function OpenConversation({ conversationId }: { conversationId: ConversationId }) {
  const myId = useChat((chat) => chat.me?.id);
  const conversation = useChat((chat) => conversationOf(chat, conversationId));
  const view = useChat((chat) => chat.views.get(conversationId));
  const isGone = useChat((chat) => chat.conversations !== null && !conversationOf(chat, conversationId));
  const unread = useChat((chat) => [...chat.views.values()].reduce((sum, one) => sum + one.unread, 0));
  const title = conversation ? titleOf(conversation, myId) : 'Parley';
  if (isGone) return <Gone />;
  return (
    <ConversationProvider conversationId={conversationId} conversation={conversation}>
      <title>{`${unread > 0 ? `(${unread}) ` : ''}${title} · Parley`}</title>
      <ConversationHeader title={title} conversation={conversation} />
      {view?.loadError && <LoadError conversationId={conversationId} error={view.loadError} />}
      {view?.isLoaded ? (
        <History conversationId={conversationId} conversation={conversation} view={view} />
      ) : (
        <Notice isLoading={!view?.loadError} />
      )}
      <ConversationError />
      <TypingIndicator conversationId={conversationId} />
      <Composer conversationId={conversationId} />
      <Deletion />
    </ConversationProvider>
  );
}

interface HistoryProps {
  readonly conversationId: ConversationId;
  readonly conversation: Conversation | undefined;
  readonly view: ConversationView;
}

function History({ conversationId, conversation, view }: HistoryProps) {
  return (
    <>
      {rowCount(view) === 0 && !view.hasOlder ? (
        <Notice text="No messages yet. Say hello!" />
      ) : (
        <MessageList conversationId={conversationId} conversation={conversation} view={view} />
      )}
      <MessageAnnouncer newest={view.timeline.at(-1)} />
    </>
  );
}

function Gone() {
  const chat = useChatClient();
  return (
    <Center flex={1} p="md">
      <Stack align="center">
        <Text role="status">You are no longer a member of this conversation.</Text>
        <Button variant="light" onClick={() => void chat.open(LOBBY_ID)}>
          Go to lobby
        </Button>
      </Stack>
    </Center>
  );
}

function Deletion() {
  const { toDelete } = useConversationState();
  return toDelete && <DeleteDialog entry={toDelete} />;
}

function Notice({ text, isLoading = false }: { text?: string; isLoading?: boolean }) {
  return (
    <Center flex={1} p="md">
      {isLoading ? <Loader aria-label="Loading conversation" /> : <Text c="dimmed">{text}</Text>}
    </Center>
  );
}
