import { Button, Loader, Text } from '@mantine/core';
import type { ConversationView } from '@parley/client';
import type { Conversation, ConversationId, User, UserId } from '@parley/protocol';
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useChat } from '../../chat-context.tsx';
import { DownIcon, UpIcon } from '../../ui/icons.tsx';
import { useJump } from '../jump-to-message.tsx';
import { ListRow } from './list-row.tsx';
import classes from './message-list.module.css';
import { firstUnreadIndex, keyOf, rowAt, rowCount } from './rows.ts';
import { useListStart } from './use-list-start.ts';
import { useOlderPages } from './use-older-pages.ts';
import { useScrollToTarget } from './use-scroll-to-target.ts';

/** Within this distance of the top, older pages are loaded. */
const NEAR_TOP_PX = 800;

/** Within this distance of the bottom, the list follows new messages. */
const NEAR_BOTTOM_PX = 60;

/** Virtuoso reports the bottom as reached before it has rows, so this checks the real scroll position. */
const isScrolledToEnd = (scroller: HTMLElement | Window | null) =>
  scroller instanceof HTMLElement &&
  scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= NEAR_BOTTOM_PX;

const components = {
  Header: ({ context }: { context?: ConversationView }) => (
    <div className={classes.edge}>
      {context?.isLoadingOlder && <Loader size="xs" aria-label="Loading earlier messages" />}
      {context && !context.hasOlder && (
        <Text size="xs" c="dimmed">
          This is the start of the conversation.
        </Text>
      )}
    </div>
  ),
  Footer: () => <div className={classes.bottom} />,
};

interface MessageListProps {
  readonly conversationId: ConversationId;
  readonly conversation: Conversation | undefined;
  readonly view: ConversationView;
}

/**
 * A virtual list: only the rows in view are in the DOM. The index of the first row decreases when older rows are prepended,
 * so the scroll position does not change.
 */
export function MessageList({ conversationId, conversation, view }: MessageListProps) {
  const me = useChat((snapshot) => snapshot.me);
  const { jumpTo } = useJump();
  const list = useRef<VirtuosoHandle>(null);
  const scroller = useRef<HTMLElement | Window | null>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const [isNearTop, setIsNearTop] = useState(false);
  const [seenUnreadSeq, setSeenUnreadSeq] = useState<number | null>(null);
  const start = useListStart(conversationId, view);
  // A list that starts above the end does not follow new rows until the user has scrolled to the end.
  const [isFollowing, setIsFollowing] = useState(start.index === 'LAST');
  const highlightedSeq = useScrollToTarget(conversationId, view, list);
  useOlderPages(conversationId, view, isNearTop || view.timeline.length === 0);
  useScrollToSent(view, list);
  const otherIds = useOtherIds(conversation, me);
  const { firstUnreadSeq, firstTimelineIndex } = view;
  const unreadIndex = firstUnreadIndex(view);

  return (
    <section className={classes.frame} aria-label="History">
      <Virtuoso
        ref={list}
        scrollerRef={(element) => {
          scroller.current = element;
        }}
        context={view}
        components={components}
        totalCount={rowCount(view)}
        firstItemIndex={firstTimelineIndex}
        initialTopMostItemIndex={start}
        computeItemKey={(index) => {
          const row = rowAt(view, me, otherIds, index - firstTimelineIndex);
          return row ? keyOf(row, me) : index;
        }}
        itemContent={(index) => (
          <ListRow
            view={view}
            me={me}
            otherIds={otherIds}
            index={index - firstTimelineIndex}
            highlightedSeq={highlightedSeq}
          />
        )}
        atTopThreshold={NEAR_TOP_PX}
        atTopStateChange={setIsNearTop}
        followOutput={isFollowing && ((wasAtBottom) => (wasAtBottom ? 'auto' : false))}
        atBottomThreshold={NEAR_BOTTOM_PX}
        atBottomStateChange={(isThere) => {
          setIsAtBottom(isThere);
          if (isThere && isScrolledToEnd(scroller.current)) setIsFollowing(true);
        }}
        rangeChanged={({ startIndex }) => {
          if (unreadIndex !== undefined && startIndex - firstTimelineIndex <= unreadIndex)
            setSeenUnreadSeq(firstUnreadSeq);
        }}
        increaseViewportBy={400}
        alignToBottom
        tabIndex={0}
      />
      {firstUnreadSeq !== null && seenUnreadSeq !== firstUnreadSeq && (
        <JumpButton
          className={classes.toUnread}
          icon={<UpIcon size={16} />}
          label="Jump to first unread"
          onClick={() => jumpTo({ conversationId, seq: firstUnreadSeq })}
        />
      )}
      {!isAtBottom && (
        <JumpButton
          className={classes.toNewest}
          icon={<DownIcon size={16} />}
          label="Jump to newest"
          onClick={() => list.current?.scrollToIndex({ index: 'LAST', align: 'end' })}
        />
      )}
    </section>
  );
}

interface JumpButtonProps {
  readonly className: string | undefined;
  readonly icon: ReactNode;
  readonly label: string;
  readonly onClick: () => void;
}

function JumpButton({ className, icon, label, onClick }: JumpButtonProps) {
  return (
    <Button className={className} size="compact-sm" radius="xl" leftSection={icon} onClick={onClick}>
      {label}
    </Button>
  );
}

/** Scrolls to the end when the user sends a message. */
function useScrollToSent(view: ConversationView, list: RefObject<VirtuosoHandle | null>): void {
  const lastSentId = view.pending.at(-1)?.clientMessageId;
  const [firstSentId] = useState(lastSentId);
  useEffect(() => {
    if (lastSentId !== undefined && lastSentId !== firstSentId) {
      list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
    }
  }, [list, lastSentId, firstSentId]);
}

/** Returns the other members, for the delivery state of the user's messages. A channel has no receipts, so it returns none. */
const useOtherIds = (conversation: Conversation | undefined, me: User | null): UserId[] =>
  useMemo(
    () =>
      (conversation?.kind === 'channel' ? [] : (conversation?.members ?? []).map(({ id }) => id)).filter(
        (id) => id !== me?.id,
      ),
    [conversation, me],
  );
