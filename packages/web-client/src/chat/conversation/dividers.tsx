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

/** Precedes the first message that was unread when the conversation was opened. */
export function UnreadDivider() {
  return (
    <div className={classes.divider} data-unread="true">
      <span>New messages</span>
    </div>
  );
}
