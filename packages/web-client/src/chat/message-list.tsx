import { Button, Loader, Text } from '@mantine/core';
import type { ThreadSnapshot } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useChat, useChatClient } from '../chat-context.tsx';
import { DownIcon } from '../shell/icons.tsx';
import classes from './message-list.module.css';
import { MessageRow } from './message-row.tsx';
import { rowAt, rowCount } from './rows.ts';

const components = {
  Header: ({ context }: { context?: ThreadSnapshot }) => (
    <div className={classes.edge}>
      {context?.isLoadingOlder && <Loader size="xs" aria-label="Loading earlier history" />}
      {context && !context.hasOlder && (
        <Text size="xs" c="dimmed">
          This is the beginning.
        </Text>
      )}
    </div>
  ),
  Footer: () => <div className={classes.bottom} />,
};

/**
 * Only the rows in view are in the page. They are numbered by seq, so that a page put in front moves nothing: the first
 * row's number falls by as many as have come.
 */
export function MessageList({ conversationId, thread }: { conversationId: ConversationId; thread: ThreadSnapshot }) {
  const chat = useChatClient();
  const me = useChat((snapshot) => snapshot.me);
  const list = useRef<VirtuosoHandle>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const row = (index: number) => rowAt(thread, me, index - thread.firstSeq);

  const lastSentId = thread.pending.at(-1)?.clientMessageId;
  useEffect(() => {
    if (lastSentId !== undefined) list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
  }, [lastSentId]);

  return (
    <section className={classes.frame} aria-label="History">
      <Virtuoso
        ref={list}
        context={thread}
        components={components}
        totalCount={rowCount(thread)}
        firstItemIndex={thread.firstSeq}
        initialTopMostItemIndex={{ index: 'LAST', align: 'end' }}
        computeItemKey={(index) => row(index)?.key ?? index}
        itemContent={(index) => <MessageRow row={row(index)} previous={row(index - 1)} />}
        startReached={() => void chat.loadOlder(conversationId)}
        followOutput={(wasAtBottom) => (wasAtBottom ? 'auto' : false)}
        atBottomStateChange={setIsAtBottom}
        increaseViewportBy={400}
        alignToBottom
        tabIndex={0}
      />
      {!isAtBottom && (
        <Button
          className={classes.toNewest}
          size="compact-sm"
          radius="xl"
          leftSection={<DownIcon size={16} />}
          onClick={() => list.current?.scrollToIndex({ index: 'LAST', align: 'end' })}
        >
          Newest
        </Button>
      )}
    </section>
  );
}
