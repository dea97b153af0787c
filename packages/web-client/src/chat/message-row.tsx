import { Text } from '@mantine/core';
import { useChat } from '../chat-context.tsx';
import { formatFull, formatMoment } from '../shell/format-time.ts';
import { DeliveryMark } from './delivery-mark.tsx';
import { FailedActions } from './failed-actions.tsx';
import classes from './message-row.module.css';
import { MessageText } from './message-text.tsx';
import { PersonAvatar } from './person-avatar.tsx';
import { continues, type Row } from './rows.ts';

/** One message with its sender, where that is not the one of the row before, its time and how far it has come. */
export function MessageRow({ row, previous }: { row: Row | undefined; previous: Row | undefined }) {
  const sender = useChat((chat) => (row ? chat.people.get(row.senderId)?.displayName : undefined)) ?? 'Someone';
  if (!row) return <div className={classes.row} />;
  const isOwn = row.delivery !== null;
  const isFirst = !continues(row, previous);
  return (
    <article className={classes.row} data-own={isOwn} data-first={isFirst} aria-label={isOwn ? 'You' : sender}>
      {!isOwn && <div>{isFirst && <PersonAvatar name={sender} size={36} />}</div>}
      <div className={classes.body}>
        {!isOwn && isFirst && (
          <Text className={classes.sender} size="sm" fw={600} dir="auto" ta="start" truncate>
            {sender}
          </Text>
        )}
        <div className={classes.bubble}>
          <span className={classes.text} dir="auto">
            {row.kind === 'text' ? <MessageText text={row.text} /> : <UnknownKind kind={row.kind} />}
          </span>
          <div className={classes.meta}>
            <time dateTime={row.createdAt} title={formatFull(row.createdAt)}>
              {formatMoment(row.createdAt)}
            </time>
            {row.delivery !== null && <DeliveryMark state={row.delivery} />}
          </div>
        </div>
        {row.outgoing?.state === 'failed' && <FailedActions message={row.outgoing} />}
      </div>
    </article>
  );
}

function UnknownKind({ kind }: { kind: string }) {
  return (
    <Text component="span" fs="italic" c="dimmed">
      Something of the kind “{kind}”, which this page can not show yet.
    </Text>
  );
}
