/** Returns a message text with the sender and the send time, from which receivers compute the delivery latency. */
export const stampedText = (name: string, number: number, sentAtMs: number) =>
  `${name} sends #${number}, sent at ${sentAtMs.toFixed(2)}`;

/** Returns the send time of a text in ms since 1970, or undefined if the text has no stamp. */
export function sentAtMs(text: string | undefined): number | undefined {
  const [, time] = / sends #\d+, sent at (\d+\.\d+)$/.exec(text ?? '') ?? [];
  return time === undefined ? undefined : Number(time);
}
