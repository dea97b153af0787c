import type { SecondOfSamples } from './samples.ts';

export const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 99.99] as const;

/** One row of the operations table. Durations are those of successful operations, ms. */
export interface OperationSummary {
  readonly count: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly medianMs: number;
  readonly averageMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Average size of an operation. */
  readonly bytes: number;
  readonly perSecond: number;
  /** By percentile: `50` … `99.99`. */
  readonly percentilesMs: Readonly<Record<string, number>>;
}

/** One point of the charts. */
export interface SecondSummary {
  /** Seconds since the first sample. */
  readonly second: number;
  readonly sent: number;
  readonly delivered: number;
  readonly online: number;
  readonly delivery: Quantiles | undefined;
  readonly ack: Quantiles | undefined;
}

export interface Quantiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface Summary {
  /** Time of the first sample, seconds since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly operations: Readonly<Record<string, OperationSummary>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly timeline: readonly SecondSummary[];
}

const DELIVERY = 'messages (delivery)';
const ACK = 'message:send';

/** Sums the samples of all processes. Percentiles are exact (nearest rank over all samples). */
export function summarise(samples: readonly SecondOfSamples[]): Summary {
  const startedAt = samples.length === 0 ? 0 : Math.min(...samples.map(({ at }) => at));
  const seconds = samples.length === 0 ? 0 : Math.max(...samples.map(({ at }) => at)) - startedAt + 1;
  const names = [...new Set(samples.flatMap(({ operations }) => Object.keys(operations)))].sort();
  const operations = Object.fromEntries(names.map((name) => [name, summariseOperation(samples, name)]));
  const counters: Record<string, number> = {};
  for (const second of samples) addCounts(counters, second.counters);
  return { startedAt, seconds, operations, counters, timeline: timelineOf(samples, startedAt, seconds) };
}

function summariseOperation(samples: readonly SecondOfSamples[], name: string): OperationSummary {
  const rows = samples.flatMap(({ at, operations }) => (operations[name] ? [{ at, ...operations[name] }] : []));
  const durations = Float64Array.from(rows.flatMap(({ durationsMs }) => durationsMs)).sort();
  const failures: Record<string, number> = {};
  for (const row of rows) addCounts(failures, row.failures);
  const count = durations.length;
  const span = Math.max(...rows.map(({ at }) => at)) - Math.min(...rows.map(({ at }) => at)) + 1;
  const sum = durations.reduce((total, duration) => total + duration, 0);
  return {
    count,
    failures,
    medianMs: rank(durations, 50),
    averageMs: count === 0 ? 0 : sum / count,
    minMs: durations[0] ?? 0,
    maxMs: durations.at(-1) ?? 0,
    bytes: count === 0 ? 0 : rows.reduce((total, { bytes }) => total + bytes, 0) / count,
    perSecond: count / span,
    percentilesMs: Object.fromEntries(PERCENTILES.map((percent) => [String(percent), rank(durations, percent)])),
  };
}

function timelineOf(samples: readonly SecondOfSamples[], startedAt: number, seconds: number): SecondSummary[] {
  const bySecond = Map.groupBy(samples, ({ at }) => at - startedAt);
  let online = 0;
  return Array.from({ length: seconds }, (_, second) => {
    const parts = bySecond.get(second) ?? [];
    const counters: Record<string, number> = {};
    for (const part of parts) addCounts(counters, part.counters);
    online += counters.online ?? 0;
    const quantiles = (name: string) =>
      quantilesOf(parts.flatMap(({ operations }) => operations[name]?.durationsMs ?? []));
    return {
      ...{ second, online, sent: counters.sent ?? 0, delivered: counters.delivered ?? 0 },
      ...{ delivery: quantiles(DELIVERY), ack: quantiles(ACK) },
    };
  });
}

function quantilesOf(durationsMs: readonly number[]): Quantiles | undefined {
  if (durationsMs.length === 0) return undefined;
  const sorted = Float64Array.from(durationsMs).sort();
  return { p50Ms: rank(sorted, 50), p95Ms: rank(sorted, 95), p99Ms: rank(sorted, 99) };
}

function rank(sorted: Float64Array, percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
}

function addCounts(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + value;
}
