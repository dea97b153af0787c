import { Button, Center, Loader, Stack, Text } from '@mantine/core';
import { LOBBY_ID, type ThreadSnapshot } from '@parley/client';
import type { Conversation, ConversationId } from '@parley/protocol';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { lazyPart } from '../../shell/lazy-part.tsx';
import { Composer } from '../composer/composer.tsx';
import { conversationOf, titleOf } from '../conversation-title.ts';
import { LoadError } from './load-error.tsx';
import { MessageList } from './message-list.tsx';
import { NewestAnnouncer } from './newest-announcer.tsx';
import { rowCount } from './rows.ts';
import { ThreadProvider, useThreadState } from './conversation-context.tsx';
import { ThreadHeader } from './conversation-header.tsx';
import { ThreadNotice } from './conversation-error.tsx';
import { TypingLine } from './typing-indicator.tsx';

const DeleteDialog = lazyPart(() => import('./delete-dialog.tsx'));

/** The open conversation, where there is one. */
export function ThreadPane() {
  const openId = useChat((chat) => chat.openId);
  if (openId === null) return <Notice text="Choose a conversation, or start a new one." />;
  return <OpenThread key={openId} conversationId={openId} />;
}

function OpenThread({ conversationId }: { conversationId: ConversationId }) {
  const myId = useChat((chat) => chat.me?.id);
  const conversation = useChat((chat) => conversationOf(chat, conversationId));
  const thread = useChat((chat) => chat.threads.get(conversationId));
  const isGone = useChat((chat) => chat.conversations !== null && !conversationOf(chat, conversationId));
  const unread = useChat((chat) => [...chat.threads.values()].reduce((sum, one) => sum + one.unread, 0));
  const title = conversation ? titleOf(conversation, myId) : 'Parley';
  if (isGone) return <Gone />;
  return (
    <ThreadProvider conversationId={conversationId} conversation={conversation}>
      <title>{`${unread > 0 ? `(${unread}) ` : ''}${title} · Parley`}</title>
      <ThreadHeader title={title} conversation={conversation} />
      {thread?.loadError && <LoadError conversationId={conversationId} error={thread.loadError} />}
      {thread?.isLoaded ? (
        <History conversationId={conversationId} conversation={conversation} thread={thread} />
      ) : (
        <Notice isLoading={!thread?.loadError} />
      )}
      <ThreadNotice />
      <TypingLine conversationId={conversationId} />
      <Composer conversationId={conversationId} />
      <Deletion />
    </ThreadProvider>
  );
}

interface HistoryProps {
  readonly conversationId: ConversationId;
  readonly conversation: Conversation | undefined;
  readonly thread: ThreadSnapshot;
}

function History({ conversationId, conversation, thread }: HistoryProps) {
  return (
    <>
      {rowCount(thread) === 0 && !thread.hasOlder ? (
        <Notice text="Nothing has been said yet. Say hello!" />
      ) : (
        <MessageList conversationId={conversationId} conversation={conversation} thread={thread} />
      )}
      <NewestAnnouncer newest={thread.shown.at(-1)} />
    </>
  );
}

function Gone() {
  const chat = useChatClient();
  return (
    <Center flex={1} p="md">
      <Stack align="center">
        <Text role="status">You are not in this conversation any more.</Text>
        <Button variant="light" onClick={() => void chat.open(LOBBY_ID)}>
          To the lobby
        </Button>
      </Stack>
    </Center>
  );
}

function Deletion() {
  const { toDelete } = useThreadState();
  return toDelete && <DeleteDialog shown={toDelete} />;
}

function Notice({ text, isLoading = false }: { text?: string; isLoading?: boolean }) {
  return (
    <Center flex={1} p="md">
      {isLoading ? <Loader aria-label="Loading the conversation" /> : <Text c="dimmed">{text}</Text>}
    </Center>
  );
}
