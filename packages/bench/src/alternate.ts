/** The median, minimum and maximum of a value over all pairs. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return { median, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/**
 * Measures two systems alternately, A B, B A, A B …, so that the order and slow changes of the machine affect both equally.
 *
 * @returns the pairs, in order
 */
export async function alternate<A, B>(
  pairs: number,
  measureA: (pair: number) => Promise<A>,
  measureB: (pair: number) => Promise<B>,
): Promise<{ a: A; b: B }[]> {
  const measured: { a: A; b: B }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    if (pair % 2 === 0) {
      const a = await measureA(pair);
      measured.push({ a, b: await measureB(pair) });
    } else {
      const b = await measureB(pair);
      measured.push({ a: await measureA(pair), b });
    }
  }
  return measured;
}
