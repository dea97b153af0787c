import { VIOLATION_KINDS } from '@parley/load-kit/checker';
import { type Chart, chartsHtml, escapeHtml } from './charts.ts';
import { COLUMNS, DELTA_COLUMNS, failureLines, shownCounters } from './columns.ts';
import type { RunReport } from './report.ts';
import type { Quantiles, SecondSummary } from './summarise.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #667085; --line: #e4e7ec; --page: #fff; --good: #067647; --bad: #b42318;
  --s1: #2e6fdb; --s2: #d9730d; --s3: #a62bb8 }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef1; --soft: #98a2b3; --line: #344054; --page: #14171c; --good: #47cd89;
  --bad: #f97066; --s1: #74a9ff; --s2: #ffab5c; --s3: #e08cf0 } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto; padding: 24px; max-width: 1500px }
h1 { font-size: 24px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 8px } p { margin: 4px 0 } small, .soft { color: var(--soft) }
.outcome { font-weight: 600; padding: 2px 10px; border-radius: 99px; color: #fff; font-size: 14px; vertical-align: 3px; margin-left: 8px }
.passed { background: #067647 } .failed { background: #b42318 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { color: var(--soft); font-weight: 500 } th:first-child, td:first-child { text-align: left }
ul { list-style: none; padding: 0; margin: 0 } .ok::before { content: '✓ '; color: var(--good) }
.not::before { content: '✗ '; color: var(--bad) } .not { font-weight: 600 }
.counters { display: flex; flex-wrap: wrap; gap: 8px 28px } .counters b { display: block; font-size: 20px; font-variant-numeric: tabular-nums }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(560px, 100%), 1fr)); gap: 20px 32px }
figure { margin: 0; min-width: 0 } .u-legend { text-align: left; color: var(--soft) }`;

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
