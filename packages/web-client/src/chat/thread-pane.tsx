import { Center, Loader, Text } from '@mantine/core';
import type { ThreadSnapshot } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useChat } from '../chat-context.tsx';
import { Composer } from './composer.tsx';
import { titleOf } from './conversation-title.ts';
import { LoadError } from './load-error.tsx';
import { MessageList } from './message-list.tsx';
import { NewestAnnouncer } from './newest-announcer.tsx';
import { rowCount } from './rows.ts';
import { ThreadHeader } from './thread-header.tsx';

/** The open conversation, where there is one. */
export function ThreadPane() {
  const openId = useChat((chat) => chat.openId);
  if (openId === null) return <Notice text="Choose a conversation, or start a new one." />;
  return <OpenThread key={openId} conversationId={openId} />;
}

function OpenThread({ conversationId }: { conversationId: ConversationId }) {
  const myId = useChat((chat) => chat.me?.id);
  const conversation = useChat((chat) => chat.conversations?.find(({ id }) => id === conversationId));
  const thread = useChat((chat) => chat.threads.get(conversationId));
  const title = conversation ? titleOf(conversation, myId) : 'Parley';
  return (
    <>
      <title>{`${title} · Parley`}</title>
      <ThreadHeader title={title} />
      {thread?.loadError && <LoadError conversationId={conversationId} error={thread.loadError} />}
      {thread?.isLoaded ? (
        <History conversationId={conversationId} thread={thread} />
      ) : (
        <Notice isLoading={!thread?.loadError} />
      )}
      <Composer conversationId={conversationId} />
    </>
  );
}

function History({ conversationId, thread }: { conversationId: ConversationId; thread: ThreadSnapshot }) {
  return (
    <>
      {rowCount(thread) === 0 ? (
        <Notice text="Nothing has been said yet. Say hello!" />
      ) : (
        <MessageList conversationId={conversationId} thread={thread} />
      )}
      <NewestAnnouncer newest={thread.messages.at(-1)} />
    </>
  );
}

function Notice({ text, isLoading = false }: { text?: string; isLoading?: boolean }) {
  return (
    <Center flex={1} p="md">
      {isLoading ? <Loader aria-label="Loading the conversation" /> : <Text c="dimmed">{text}</Text>}
    </Center>
  );
}
