import { Button, Loader, Text } from '@mantine/core';
import type { ConversationView } from '@parley/client';
import type { Conversation, ConversationId } from '@parley/protocol';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useChat } from '../../chat-context.tsx';
import { DownIcon, UpIcon } from '../../ui/icons.tsx';
import { useJump } from '../jump-to-message.tsx';
import { DayDivider, UnreadDivider } from './dividers.tsx';
import classes from './message-list.module.css';
import { MessageRow, PendingRow } from './message-row.tsx';
import { continues, dayStarted, indexOfSeq, keyOf, rowAt, rowCount } from './rows.ts';
import { useOlderPages } from './use-older-pages.ts';
import { useScrollToTarget } from './use-scroll-to-target.ts';

/** Older pages are loaded within this distance of the top. The list follows new messages within that of the bottom. */
const NEAR_TOP_PX = 800;
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
  const { target, jumpTo } = useJump();
  const list = useRef<VirtuosoHandle>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const [isNearTop, setIsNearTop] = useState(false);
  const highlightedSeq = useScrollToTarget(conversationId, view, list);
  useOlderPages(conversationId, view, isNearTop || view.timeline.length === 0);

  const otherIds = useMemo(
    () =>
      (conversation?.kind === 'channel' ? [] : (conversation?.members ?? []).map(({ id }) => id)).filter(
        (id) => id !== me?.id,
      ),
    [conversation, me],
  );
  const { firstUnreadSeq, firstTimelineIndex } = view;
  const unreadIndex = firstUnreadSeq === null ? undefined : indexOfSeq(view.timeline, firstUnreadSeq);
  const isFirstUnreadLoaded = firstUnreadSeq !== null && view.firstSeq <= firstUnreadSeq;
  const [start] = useState(() => {
    if (target?.conversationId === conversationId && view.firstSeq <= target.seq) {
      return { index: indexOfSeq(view.timeline, target.seq), align: 'center' } as const;
    }
    // If everything is unread there is no position to continue from.
    const hasReadNothing = unreadIndex === 0 && !view.hasOlder;
    if (isFirstUnreadLoaded && !hasReadNothing) return { index: unreadIndex ?? 0, align: 'start' } as const;
    return { index: 'LAST', align: 'end' } as const;
  });
  // A list that starts above the end does not follow new rows until the user has scrolled to the end.
  const scroller = useRef<HTMLElement | Window | null>(null);
  const [isFollowing, setIsFollowing] = useState(start.index === 'LAST');
  const [seenUnreadSeq, setSeenUnreadSeq] = useState<number | null>(null);

  const lastSentId = view.pending.at(-1)?.clientMessageId;
  const [firstSentId] = useState(lastSentId);
  useEffect(() => {
    if (lastSentId !== undefined && lastSentId !== firstSentId) {
      list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
    }
  }, [lastSentId, firstSentId]);

  const row = (index: number) => rowAt(view, me, otherIds, index - firstTimelineIndex);
  const renderRow = (index: number) => {
    const current = row(index);
    if (!current) return <div className={classes.edge} />;
    const previous = row(index - 1);
    const day = dayStarted(current, previous);
    const isUnreadStart = isFirstUnreadLoaded && index - firstTimelineIndex === unreadIndex && current.kind === 'sent';
    const isFirst = isUnreadStart || !continues(current, previous, me);
    return (
      <>
        {day && (previous || !view.hasOlder) && <DayDivider isoTime={day} />}
        {isUnreadStart && <UnreadDivider />}
        {current.kind === 'sent' ? (
          <MessageRow
            entry={current.entry}
            delivery={current.delivery}
            isFirst={isFirst}
            isHighlighted={current.entry.message.seq === highlightedSeq}
          />
        ) : (
          <PendingRow outgoing={current.outgoing} isFirst={isFirst} />
        )}
      </>
    );
  };

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
          const current = row(index);
          return current ? keyOf(current, me) : index;
        }}
        itemContent={renderRow}
        atTopThreshold={NEAR_TOP_PX}
        atTopStateChange={setIsNearTop}
        followOutput={isFollowing && ((wasAtBottom) => (wasAtBottom ? 'auto' : false))}
        atBottomThreshold={NEAR_BOTTOM_PX}
        atBottomStateChange={(isThere) => {
          setIsAtBottom(isThere);
          if (isThere && isScrolledToEnd(scroller.current)) setIsFollowing(true);
        }}
        rangeChanged={({ startIndex }) => {
          if (isFirstUnreadLoaded && startIndex - firstTimelineIndex <= (unreadIndex ?? 0))
            setSeenUnreadSeq(firstUnreadSeq);
        }}
        increaseViewportBy={400}
        alignToBottom
        tabIndex={0}
      />
      {firstUnreadSeq !== null && seenUnreadSeq !== firstUnreadSeq && (
        <Button
          className={classes.toUnread}
          size="compact-sm"
          radius="xl"
          leftSection={<UpIcon size={16} />}
          onClick={() => jumpTo({ conversationId, seq: firstUnreadSeq })}
        >
          Jump to first unread
        </Button>
      )}
      {!isAtBottom && (
        <Button
          className={classes.toNewest}
          size="compact-sm"
          radius="xl"
          leftSection={<DownIcon size={16} />}
          onClick={() => list.current?.scrollToIndex({ index: 'LAST', align: 'end' })}
        >
          Jump to newest
        </Button>
      )}
    </section>
  );
}
