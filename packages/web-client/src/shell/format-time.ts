const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

const isToday = (date: Date) => date.toDateString() === new Date().toDateString();

/** The time, with the day where it is not today. */
export function formatMoment(isoTime: string): string {
  const date = new Date(isoTime);
  return (isToday(date) ? timeOfDay : dayAndTime).format(date);
}

/** Day, year and time with seconds. */
export const formatFull = (isoTime: string): string => full.format(new Date(isoTime));
