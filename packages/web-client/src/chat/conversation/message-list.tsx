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
import { continues, dayBegun, indexOfSeq, keyOf, rowAt, rowCount } from './rows.ts';
import { useOlderPages } from './use-older-pages.ts';
import { useScrollToTarget } from './use-scroll-to-target.ts';

/** From how far off the beginning earlier history is loaded, and to how far off the end the list follows what comes. */
const NEAR_TOP_PX = 800;
const NEAR_BOTTOM_PX = 60;

/** The list says so of its end before it has any rows, too. */
const isScrolledToEnd = (scroller: HTMLElement | Window | null) =>
  scroller instanceof HTMLElement &&
  scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= NEAR_BOTTOM_PX;

const components = {
  Header: ({ context }: { context?: ConversationView }) => (
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

interface MessageListProps {
  readonly conversationId: ConversationId;
  readonly conversation: Conversation | undefined;
  readonly view: ConversationView;
}

/**
 * Only the rows in view are in the page. They are numbered so that a page put in front moves nothing: the first
 * row's number falls by as many as have come.
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
  const isUnreadHere = firstUnreadSeq !== null && view.firstSeq <= firstUnreadSeq;
  const [beginning] = useState(() => {
    if (target?.conversationId === conversationId && view.firstSeq <= target.seq) {
      return { index: indexOfSeq(view.timeline, target.seq), align: 'center' } as const;
    }
    // Who has read nothing here yet has no place to go on from.
    const hasReadNothing = unreadIndex === 0 && !view.hasOlder;
    if (isUnreadHere && !hasReadNothing) return { index: unreadIndex ?? 0, align: 'start' } as const;
    return { index: 'LAST', align: 'end' } as const;
  });
  // A list that begins further up stays there, whatever its rows grow to, until somebody has gone to its end.
  const scroller = useRef<HTMLElement | Window | null>(null);
  const [isFollowing, setIsFollowing] = useState(beginning.index === 'LAST');
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
    const day = dayBegun(current, previous);
    const isUnreadStart = isUnreadHere && index - firstTimelineIndex === unreadIndex && current.kind === 'sent';
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
        initialTopMostItemIndex={beginning}
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
          if (isUnreadHere && startIndex - firstTimelineIndex <= (unreadIndex ?? 0)) setSeenUnreadSeq(firstUnreadSeq);
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
          First unread
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
          Newest
        </Button>
      )}
    </section>
  );
}
