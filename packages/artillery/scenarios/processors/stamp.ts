/** A text that says who sent it and when, so that each receiver knows how long it took. */
export const stampedText = (name: string, number: number, sentAtMs: number) =>
  `${name} says #${number}, sent at ${sentAtMs.toFixed(2)}`;

/** When a text was sent, ms since 1970; undefined = it is none of ours. */
export function sentAtMs(text: string | undefined): number | undefined {
  const [, time] = / says #\d+, sent at (\d+\.\d+)$/.exec(text ?? '') ?? [];
  return time === undefined ? undefined : Number(time);
}
