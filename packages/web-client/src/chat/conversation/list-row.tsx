import type { ConversationView } from '@parley/client';
import type { User, UserId } from '@parley/protocol';
import { DayDivider, HoleDivider, UnreadDivider } from './dividers.tsx';
import classes from './message-list.module.css';
import { MessageRow, PendingRow } from './message-row.tsx';
import { continues, dayStarted, firstUnreadIndex, followsHole, rowAt } from './rows.ts';

interface ListRowProps {
  readonly view: ConversationView;
  readonly me: User | null;
  /** The other members; empty for a channel. */
  readonly otherIds: readonly UserId[];
  /** 0 is the first loaded message. */
  readonly index: number;
  readonly highlightedSeq: number | null;
}

/** A row of the message list with the dividers above it. */
export function ListRow({ view, me, otherIds, index, highlightedSeq }: ListRowProps) {
  const row = rowAt(view, me, otherIds, index);
  if (!row) return <div className={classes.edge} />;
  const previous = rowAt(view, me, otherIds, index - 1);
  const day = dayStarted(row, previous);
  const isUnreadStart = row.kind === 'sent' && index === firstUnreadIndex(view);
  const isAfterHole = followsHole(view, row, previous);
  const isFirst = isUnreadStart || isAfterHole || !continues(row, previous, me);
  return (
    <>
      {day && (previous || !view.hasOlder) && <DayDivider isoTime={day} />}
      {isAfterHole && <HoleDivider />}
      {isUnreadStart && <UnreadDivider />}
      {row.kind === 'sent' ? (
        <MessageRow
          entry={row.entry}
          delivery={row.delivery}
          isFirst={isFirst}
          isHighlighted={row.entry.message.seq === highlightedSeq}
        />
      ) : (
        <PendingRow outgoing={row.outgoing} isFirst={isFirst} />
      )}
    </>
  );
}
