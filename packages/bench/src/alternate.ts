/** A value over all pairs: the median, and the least and most. */
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
 * Measures two things in turn, A B, B A, A B …, so that neither always comes first and what changes slowly on the machine meets
 * both alike.
 *
 * @returns the pairs in order
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
