import { type Spread, spreadOf } from './alternate.ts';

/** One measured ratio. `--json` writes an array of them. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  /** Median over all pairs of our value divided by the other. */
  readonly ratio: number;
  readonly spread: readonly [min: number, max: number];
  readonly ours: Spread;
  /** The plain chat, or the baseline if Parley is compared with itself. */
  readonly plain: Spread;
  readonly goal: string;
}

/** Computes a ratio from pairs of values that were measured one after the other. */
export function compare(
  row: Pick<Comparison, 'name' | 'unit' | 'goal'>,
  pairs: readonly (readonly [ours: number, plain: number])[],
): Comparison {
  const ratio = spreadOf(pairs.map(([ours, plain]) => ours / plain));
  return {
    ...row,
    ratio: ratio.median,
    spread: [ratio.min, ratio.max],
    ours: spreadOf(pairs.map(([ours]) => ours)),
    plain: spreadOf(pairs.map(([, plain]) => plain)),
  };
}

export const formatNumber = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2 });

export const describeComparison = ({ name, unit, ratio, spread, ours, plain, goal }: Comparison): string =>
  `${name}: ${formatNumber(ratio)} × (${spread.map(formatNumber).join(' to ')}; goal ${goal}): ` +
  `${formatNumber(ours.median)} against ${formatNumber(plain.median)} ${unit}`;
