import { COLUMNS, DELTA_COLUMNS, failureLines, shownCounters } from './columns.ts';
import type { RunReport } from './report.ts';

/** The report as lines for a terminal: the table, what failed, the comparison, the checks. Durations in ms, sizes in bytes. */
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
    ...align(table),
    ...failureLines(report).map((line) => `  ${line}`),
    '',
    shownCounters(report)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
    ...(last && compared.length > 0 ? ['', `against the last run, ${last.madeAt}:`, ...align(deltas)] : []),
    '',
    ...checks.map(({ text, ok }) => `${ok ? 'ok    ' : 'FAILED'} ${text}`),
  ];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
