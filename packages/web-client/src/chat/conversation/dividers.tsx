import { formatDay } from '../../ui/format-time.ts';
import classes from './dividers.module.css';

/** Separates days. */
export function DayDivider({ isoTime }: { isoTime: string }) {
  return (
    <div className={classes.divider}>
      <time dateTime={isoTime.slice(0, 10)}>{formatDay(isoTime)}</time>
    </div>
  );
}

/** Precedes the first message after messages that the cluster did not return. */
export function HoleDivider() {
  return (
    <div className={classes.divider} role="note">
      <span>Some messages could not be loaded</span>
    </div>
  );
}

/** Precedes the first message that was unread when the conversation was opened. */
export function UnreadDivider() {
  return (
    <div className={classes.divider} data-unread="true">
      <span>New messages</span>
    </div>
  );
}
