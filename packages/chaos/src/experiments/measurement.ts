const MAX_DETAILS = 20;

/** One thing that an experiment measured. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: '' | 'ms' | 'MiB' | '×';
  /** What the value must not exceed, or fall below; a figure without one is only told. */
  readonly bound?: { readonly atMost: number } | { readonly atLeast: number };
  /** What a person needs to know where the bound is broken. */
  readonly details?: readonly string[];
}

/** Whether the bound is kept; where there was nothing to measure (NaN) it is not. */
export function isWithinBound({ value, bound }: Measurement): boolean {
  if (!bound) return true;
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

/** The figures as a table, each with its bound, and the details of those that break theirs. */
export function describeMeasurements(figures: readonly Measurement[]): string[] {
  const width = Math.max(0, ...figures.map(({ name }) => name.length));
  return figures.flatMap((figure) => {
    const { name, value, unit, bound, details = [] } = figure;
    const measured = `${numberOf(value).padStart(10)} ${unit.padEnd(3)}`;
    const allowed = bound
      ? `  ${'atMost' in bound ? `≤ ${numberOf(bound.atMost)}` : `≥ ${numberOf(bound.atLeast)}`}`
      : '';
    const line = `  ${name.padEnd(width)} ${measured}${allowed}`.trimEnd();
    if (isWithinBound(figure)) return [line];
    const more = details.length > MAX_DETAILS ? [`… and ${details.length - MAX_DETAILS} more`] : [];
    return [`${line}  BROKEN`, ...[...details.slice(0, MAX_DETAILS), ...more].map((detail) => `    ${detail}`)];
  });
}

/**
 * The value that this share of all values does not exceed (nearest rank); NaN of no values.
 *
 * @param share above 0, at most 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

const numberOf = (value: number) => String(Number.isInteger(value) ? value : Math.round(value * 100) / 100);
