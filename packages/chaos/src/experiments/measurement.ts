const MAX_DETAILS = 20;

/** A value that an experiment measured. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: '' | 'ms' | 'MiB' | '×';
  /** The limit of the value. A measurement without a bound is printed only. */
  readonly bound?: { readonly atMost: number } | { readonly atLeast: number };
  /** Printed when the value is out of bounds. */
  readonly details?: readonly string[];
}

/** Whether the value is within its bound. NaN, the value of an empty measurement, is not. */
export function isWithinBound({ value, bound }: Measurement): boolean {
  if (!bound) return true;
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

/** Formats the measurements as a table with their bounds, and the details of each value out of bounds. */
export function describeMeasurements(measurements: readonly Measurement[]): string[] {
  const width = Math.max(0, ...measurements.map(({ name }) => name.length));
  return measurements.flatMap((measurement) => {
    const { name, value, unit, bound, details = [] } = measurement;
    const measured = `${formatValue(value).padStart(10)} ${unit.padEnd(3)}`;
    const allowed = bound
      ? `  ${'atMost' in bound ? `≤ ${formatValue(bound.atMost)}` : `≥ ${formatValue(bound.atLeast)}`}`
      : '';
    const line = `  ${name.padEnd(width)} ${measured}${allowed}`.trimEnd();
    if (isWithinBound(measurement)) return [line];
    const more = details.length > MAX_DETAILS ? [`… and ${details.length - MAX_DETAILS} more`] : [];
    return [`${line}  OUT OF BOUNDS`, ...[...details.slice(0, MAX_DETAILS), ...more].map((detail) => `    ${detail}`)];
  });
}

/**
 * Returns the nearest-rank percentile, or NaN if there are no values.
 *
 * @param share above 0, at most 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

const formatValue = (value: number) => String(Number.isInteger(value) ? value : Math.round(value * 100) / 100);
