import { readFileSync } from 'node:fs';
import { VIOLATION_KINDS } from '@parley/load-kit/checker';
import { type Chart, chartsHtml, escapeHtml } from './charts.ts';
import { COLUMNS, DELTA_COLUMNS, failureLines, shownCounters } from './columns.ts';
import type { RunReport } from './report.ts';
import type { Quantiles, SecondSummary } from './summarise.ts';

const STYLE = readFileSync(new URL('./report.css', import.meta.url), 'utf8');

/** Returns the report as a single HTML page without external resources. */
export function writeHtml(report: RunReport, last: RunReport | undefined): string {
  const { name, question, madeAt, target, users, seconds, checks, faults, verdict } = report;
  const passed = checks.every(({ ok }) => ok);
  const shown = shownCounters(report);
  const lines = failureLines(report);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${name} · ${passed ? 'passed' : 'failed'}</title><style>${STYLE}</style></head><body>
<h1>${name}<span class="outcome ${passed ? 'passed' : 'failed'}">${passed ? 'passed' : 'failed'}</span></h1>
<p>${escapeHtml(question)}</p>
<p class="soft">${madeAt} · ${users} users · ${seconds} s · ${target === 'own' ? 'own cluster' : escapeHtml(target)}</p>
<h2>Checks</h2>
<ul>${checks.map(({ text, ok }) => `<li class="${ok ? 'ok' : 'not'}">${escapeHtml(text)}</li>`).join('')}</ul>
<h2>Counters</h2>
<div class="counters">${shown.map(([counter, value]) => `<div><b>${value.toLocaleString('en')}</b>${counter}</div>`).join('')}</div>
${faults.length > 0 ? `<h2>Killed processes</h2><ul>${faults.map(({ second, text }) => `<li>${second.toFixed(1)} s: ${escapeHtml(text)}</li>`).join('')}</ul>` : ''}
${
  verdict
    ? `<h2>Checker</h2><div class="counters">${Object.entries(verdict)
        .map(
          ([what, value]) =>
            `<div class="${VIOLATION_KINDS.some((kind) => kind === what) && value > 0 ? 'not' : ''}"><b>${value}</b>${what}</div>`,
        )
        .join('')}</div>`
    : ''
}
<h2>Operations <small>times in ms, sizes in bytes</small></h2>
${operationsTable(report, last)}
${lines.length > 0 ? `<p>Failures: ${lines.map(escapeHtml).join('; ')}</p>` : ''}
<p class="soft">${last ? `Δ compared with the previous run, ${last.madeAt} (${last.users} users)` : 'First run of this scenario: no comparison.'}</p>
<h2>Over time${faults.length > 0 ? ' <small>dashed: a process was killed</small>' : ''}</h2>
${chartsHtml(chartsOf(report), faults)}
</body></html>
`;
}

function operationsTable({ operations }: RunReport, last: RunReport | undefined): string {
  const deltas = last ? DELTA_COLUMNS : [];
  const heads = ['name', ...COLUMNS.map(({ title }) => title), ...deltas.map(({ title }) => title)];
  const rows = Object.entries(operations).map(([name, row]) => {
    const before = last?.operations[name];
    const cells = [
      ...COLUMNS.map(({ value }) => value(row)),
      ...deltas.map(({ value }) => (before ? value(row, before) : '–')),
    ];
    return `<tr><td>${escapeHtml(name)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<div class="scroll"><table><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>${rows.join('')}</table></div>`;
}

function chartsOf({ timeline }: RunReport): Chart[] {
  const quantiles = (of: (second: SecondSummary) => Quantiles | undefined) => [
    { label: 'p50', color: '--s1', values: timeline.map((second) => of(second)?.p50Ms) },
    { label: 'p95', color: '--s2', values: timeline.map((second) => of(second)?.p95Ms) },
    { label: 'p99', color: '--s3', values: timeline.map((second) => of(second)?.p99Ms) },
  ];
  const single = (label: string, of: (second: SecondSummary) => number) => [
    { label, color: '--s1', values: timeline.map(of) },
  ];
  return [
    { title: 'Delivery latency', unit: 'ms', lines: quantiles(({ delivery }) => delivery) },
    { title: 'Ack latency', unit: 'ms', lines: quantiles(({ ack }) => ack) },
    { title: 'Delivered', unit: 'messages/s', lines: single('delivered', ({ delivered }) => delivered) },
    { title: 'Sent', unit: 'messages/s', lines: single('sent', ({ sent }) => sent) },
    { title: 'Connected', unit: 'users', lines: single('connected', ({ online }) => online) },
  ];
}
