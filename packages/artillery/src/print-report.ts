import { formatTable } from '@parley/load-kit/command';
import { COLUMNS, DELTA_COLUMNS, failureLines, shownCounters } from './columns.ts';
import type { RunReport } from './report.ts';

/** Formats the report for a terminal: operations, failures, comparison and checks. Times in ms, sizes in bytes. */
export function describeReport(report: RunReport, last: RunReport | undefined): string[] {
  const { operations, checks } = report;
  const table = [
    ['name', ...COLUMNS.map(({ title }) => title)],
    ...Object.entries(operations).map(([name, row]) => [name, ...COLUMNS.map(({ value }) => value(row))]),
  ];
  const compared = Object.entries(operations).flatMap(([name, now]) => {
    const before = last?.operations[name];
    return before ? [[name, ...DELTA_COLUMNS.map(({ value }) => value(now, before))]] : [];
  });
  const deltas = [['name', ...DELTA_COLUMNS.map(({ title }) => title)], ...compared];
  return [
    ...formatTable(table),
    ...failureLines(report).map((line) => `  ${line}`),
    '',
    shownCounters(report)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
    ...(last && compared.length > 0
      ? ['', `compared with the previous run, ${last.madeAt}:`, ...formatTable(deltas)]
      : []),
    '',
    ...checks.map(({ text, ok }) => `${ok ? 'ok    ' : 'FAILED'} ${text}`),
  ];
}
