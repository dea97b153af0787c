import type { RunReport } from './report.ts';
import { type OperationSummary, PERCENTILES } from './summarise.ts';

/** The columns of the operations table after the name, in the terminal and on the HTML page. */
export const COLUMNS: readonly { readonly title: string; readonly value: (row: OperationSummary) => string }[] = [
  { title: 'count', value: ({ count }) => String(count) },
  { title: 'failures', value: (row) => String(failuresOf(row)) },
  { title: 'median', value: ({ medianMs }) => formatMs(medianMs) },
  { title: 'average', value: ({ averageMs }) => formatMs(averageMs) },
  { title: 'min', value: ({ minMs }) => formatMs(minMs) },
  { title: 'max', value: ({ maxMs }) => formatMs(maxMs) },
  { title: 'size', value: ({ bytes }) => String(Math.round(bytes)) },
  { title: 'rate/s', value: ({ perSecond }) => perSecond.toFixed(1) },
  ...PERCENTILES.map((percent) => ({
    title: `p${percent}`,
    value: ({ percentilesMs }: OperationSummary) => formatMs(percentilesMs[String(percent)] ?? 0),
  })),
];

/** The columns of the comparison with the previous run: changes in percent, failures as a difference. */
export const DELTA_COLUMNS: readonly {
  readonly title: string;
  readonly value: (now: OperationSummary, before: OperationSummary) => string;
}[] = [
  { title: 'Δ median', value: (now, before) => change(now.medianMs, before.medianMs) },
  { title: 'Δ average', value: (now, before) => change(now.averageMs, before.averageMs) },
  {
    title: 'Δ p95',
    value: (now, before) => change(now.percentilesMs['95'] ?? 0, before.percentilesMs['95'] ?? 0),
  },
  {
    title: 'Δ p99',
    value: (now, before) => change(now.percentilesMs['99'] ?? 0, before.percentilesMs['99'] ?? 0),
  },
  { title: 'Δ rate', value: (now, before) => change(now.perSecond, before.perSecond) },
  { title: 'Δ failures', value: (now, before) => signed(failuresOf(now) - failuresOf(before)) },
];

export const failuresOf = ({ failures }: OperationSummary) =>
  Object.values(failures).reduce((sum, count) => sum + count, 0);

/** Returns the counters for the report, without those that only synchronise the users. */
export const shownCounters = ({ counters }: RunReport): [name: string, value: number][] =>
  Object.entries(counters)
    .filter(([name, value]) => value !== 0 && !['online', 'connected', 'finished_sending'].includes(name))
    .map(([name, value]) => [name.replaceAll('_', ' '), value]);

/** Returns one line for each operation and error code. */
export const failureLines = ({ operations }: RunReport): string[] =>
  Object.entries(operations).flatMap(([name, { failures }]) =>
    Object.entries(failures).map(([code, count]) => `${name}: ${code} ${count} times`),
  );

const formatMs = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));

function change(now: number, before: number): string {
  if (before === 0) return now === 0 ? '0 %' : 'new';
  return `${signed(Math.round(((now - before) / before) * 100))} %`;
}

const signed = (value: number) => (value > 0 ? `+${value}` : String(value));
