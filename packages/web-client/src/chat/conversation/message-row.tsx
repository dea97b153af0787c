import { Text, VisuallyHidden } from '@mantine/core';
import type { DeliveryState, OutboxMessage, TimelineEntry } from '@parley/client';
import { memo, type ReactNode } from 'react';
import { useChat } from '../../chat-context.tsx';
import { formatFull, formatTime } from '../../ui/format-time.ts';
import { MessageText } from '../text/message-text.tsx';
import { UserAvatar } from '../user-avatar.tsx';
import { DeliveryStatus } from './delivery-status.tsx';
import { FailedMessageActions } from './failed-message-actions.tsx';
import { MessageActions } from './message-actions.tsx';
import classes from './message-row.module.css';
import { Reactions } from './reactions.tsx';
import { ReplyQuote } from './reply-quote.tsx';
import { nameOf } from './rows.ts';

interface MessageRowProps {
  readonly entry: TimelineEntry;
  /** Delivery state of the user's own message; null for messages of others. */
  readonly delivery: DeliveryState | null;
  /** Whether it starts a group of messages of one sender. */
  readonly isFirst: boolean;
  /** Whether the user has just jumped to it. */
  readonly isHighlighted: boolean;
}

/** A message of the timeline. */
export const MessageRow = memo(function MessageRow({ entry, delivery, isFirst, isHighlighted }: MessageRowProps) {
  const { message, text, isDeleted, isEdited, reactions } = entry;
  const sender = useChat((chat) => nameOf(chat, message.senderId));
  if (message.kind === 'system') return <SystemMessage sender={sender} text={text} />;
  const isOwn = delivery !== null;
  return (
    <article
      className={classes.row}
      data-own={isOwn}
      data-first={isFirst}
      data-highlighted={isHighlighted}
      aria-label={isOwn ? 'You' : sender}
    >
      {!isOwn && <div>{isFirst && <UserAvatar name={sender} size={36} />}</div>}
      <div className={classes.body}>
        {!isOwn && isFirst && (
          <Text className={classes.sender} size="sm" fw={600} truncate>
            <bdi>{sender}</bdi>
          </Text>
        )}
        <div className={classes.line}>
          <div className={classes.bubble}>
            {message.replyTo && !isDeleted && <ReplyQuote messageId={message.replyTo} />}
            {isDeleted ? (
              <span className={classes.faint}>Message deleted</span>
            ) : (
              <Content kind={message.kind} id={message.id} text={text} />
            )}
            <Meta createdAt={message.createdAt} isEdited={isEdited && !isDeleted} delivery={delivery} />
          </div>
          {!isDeleted && <MessageActions entry={entry} />}
        </div>
        {reactions.length > 0 && !isDeleted && <Reactions entry={entry} />}
      </div>
    </article>
  );
});

/** The user's own outgoing message. */
export const PendingRow = memo(function PendingRow({
  outgoing,
  isFirst,
}: {
  outgoing: OutboxMessage;
  isFirst: boolean;
}) {
  return (
    <article className={classes.row} data-own data-first={isFirst} aria-label="You">
      <div className={classes.body}>
        <div className={classes.line}>
          <div className={classes.bubble} data-pending={outgoing.state === 'sending'}>
            {outgoing.replyTo && <ReplyQuote messageId={outgoing.replyTo} />}
            <MessageText id={outgoing.clientMessageId} text={outgoing.text} />
            <Meta createdAt={outgoing.createdAt} isEdited={false} delivery={outgoing.state} />
          </div>
        </div>
        {outgoing.state === 'failed' && <FailedMessageActions message={outgoing} />}
      </div>
    </article>
  );
});

interface MetaProps {
  readonly createdAt: string;
  readonly isEdited: boolean;
  readonly delivery: DeliveryState | null;
}

function Meta({ createdAt, isEdited, delivery }: MetaProps) {
  return (
    <div className={classes.meta}>
      {isEdited && <span>edited</span>}
      <time dateTime={createdAt} title={formatFull(createdAt)}>
        {formatTime(createdAt)}
      </time>
      {delivery !== null && <DeliveryStatus state={delivery} />}
    </div>
  );
}

function Content({ kind, id, text }: { kind: string; id: string; text: string }): ReactNode {
  if (kind === 'text') return <MessageText id={id} text={text} />;
  return <span className={classes.faint}>Unsupported message type: {kind}</span>;
}

function SystemMessage({ sender, text }: { sender: string; text: string }) {
  return (
    <p className={classes.system} dir="auto">
      <VisuallyHidden>System message: </VisuallyHidden>
      <bdi>{sender}</bdi> {text}
    </p>
  );
}
