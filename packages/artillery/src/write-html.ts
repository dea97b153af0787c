import { VIOLATION_KINDS } from '@parley/load-kit/checker';
import { COLUMNS, DELTA_COLUMNS, failureLines, shownCounters } from './columns.ts';
import { drawChart, escapeHtml } from './draw-chart.ts';
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
figure { margin: 0 } figcaption { display: flex; gap: 8px; align-items: baseline } svg { width: 100%; height: auto; display: block }
.legend { margin-left: auto; display: flex; gap: 14px; color: var(--soft) } .legend i { display: inline-block; width: 14px; height: 3px;
  border-radius: 2px; background: var(--c); margin-right: 5px; vertical-align: middle }
.s1 { --c: var(--s1) } .s2 { --c: var(--s2) } .s3 { --c: var(--s3) }
svg path { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round } svg circle { fill: transparent }
svg circle:hover { fill: var(--c) } .grid { stroke: var(--line) } .axis { fill: var(--soft); font-size: 11px }
.mark line { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 4 3 }`;

/** The report as one page that needs nothing but itself. */
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
<p class="soft">${madeAt} · ${users} users · ${seconds} s · ${target === 'own' ? 'a cluster of its own' : escapeHtml(target)}</p>
<h2>Checks</h2>
<ul>${checks.map(({ text, ok }) => `<li class="${ok ? 'ok' : 'not'}">${escapeHtml(text)}</li>`).join('')}</ul>
<h2>What happened</h2>
<div class="counters">${shown.map(([counter, value]) => `<div><b>${value.toLocaleString('en')}</b>${counter}</div>`).join('')}</div>
${faults.length > 0 ? `<h2>Killed</h2><ul>${faults.map(({ second, text }) => `<li>${second.toFixed(1)} s: ${escapeHtml(text)}</li>`).join('')}</ul>` : ''}
${
  verdict
    ? `<h2>Verdict of the checker</h2><div class="counters">${Object.entries(verdict)
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
<p class="soft">${last ? `Δ against the last run, ${last.madeAt} (${last.users} users)` : 'The first run of this name: nothing to compare with.'}</p>
<h2>Over time${faults.length > 0 ? ' <small>dashed: a part was killed</small>' : ''}</h2>
<div class="charts">${charts(report).join('\n')}</div>
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

function charts({ timeline, faults }: RunReport): string[] {
  const quantiles = (of: (second: SecondSummary) => Quantiles | undefined) => [
    { label: 'p50', style: 's1', values: timeline.map((second) => of(second)?.p50Ms) },
    { label: 'p95', style: 's2', values: timeline.map((second) => of(second)?.p95Ms) },
    { label: 'p99', style: 's3', values: timeline.map((second) => of(second)?.p99Ms) },
  ];
  const single = (label: string, of: (second: SecondSummary) => number) => [
    { label, style: 's1', values: timeline.map(of) },
  ];
  return [
    drawChart(
      'From sender to receiver',
      'ms',
      quantiles(({ delivery }) => delivery),
      faults,
    ),
    drawChart(
      'From sender to ack',
      'ms',
      quantiles(({ ack }) => ack),
      faults,
    ),
    drawChart(
      'Delivered',
      'messages/s',
      single('delivered', ({ delivered }) => delivered),
      faults,
    ),
    drawChart(
      'Sent',
      'messages/s',
      single('sent', ({ sent }) => sent),
      faults,
    ),
    drawChart(
      'Connected',
      'users',
      single('connected', ({ online }) => online),
      faults,
    ),
  ];
}
