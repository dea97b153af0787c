const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const longDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

const MINUTE_MS = 60_000;

/** Returns the number of calendar days between a date and today. */
function daysAgo(date: Date): number {
  const startOf = (day: Date) => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((startOf(new Date()) - startOf(date)) / 86_400_000);
}

/** Whether two times are on the same local day. */
export const isSameDay = (isoTime: string, other: string): boolean =>
  new Date(isoTime).toDateString() === new Date(other).toDateString();

/** Formats a time, with the day if it is not today. */
export function formatMoment(isoTime: string): string {
  const date = new Date(isoTime);
  return (daysAgo(date) === 0 ? timeOfDay : dayAndTime).format(date);
}

/** Formats the time of day. */
export const formatTime = (isoTime: string): string => timeOfDay.format(new Date(isoTime));

/** Formats a time for a list: the time of day, the weekday or the date. */
export function formatShort(isoTime: string): string {
  const date = new Date(isoTime);
  const days = daysAgo(date);
  if (days <= 0) return timeOfDay.format(date);
  return (days < 7 ? weekday : dayOfYear).format(date);
}

/** Formats a day as a heading. */
export function formatDay(isoTime: string): string {
  const date = new Date(isoTime);
  const days = daysAgo(date);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return (date.getFullYear() === new Date().getFullYear() ? longDay : longDate).format(date);
}

/** Formats how long ago a user was last seen. */
export function formatLastSeen(isoTime: string): string {
  const minutes = Math.floor((Date.now() - Date.parse(isoTime)) / MINUTE_MS);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return formatMoment(isoTime);
}

/** Formats date and time with seconds. */
export const formatFull = (isoTime: string): string => full.format(new Date(isoTime));
