import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A line of a chart with one value per second. undefined leaves a gap. */
export interface Line {
  readonly label: string;
  /** A CSS custom property of the page, for example `--s1`. */
  readonly color: string;
  readonly values: readonly (number | undefined)[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** A vertical line in every chart. */
export interface Mark {
  readonly second: number;
  readonly text: string;
}

/**
 * Returns the HTML of charts over the seconds of a run. It contains uPlot (51 KB) and needs no network, so that a report stays one
 * file.
 */
export function chartsHtml(charts: readonly Chart[], marks: readonly Mark[]): string {
  const { resolve } = createRequire(import.meta.url);
  const library = readFileSync(resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const script = readFileSync(new URL('./draw-charts.browser.js', import.meta.url), 'utf8');
  const data = { charts: charts.map(withPlotValues), marks };
  const figures = charts.map(
    ({ title, unit }, index) =>
      `<figure><figcaption><b>${escapeHtml(title)}</b> <small>${unit}</small></figcaption><div id="chart-${index}"></div></figure>`,
  );
  return `<style>${style}</style>
<div class="charts">${figures.join('\n')}</div>
<script type="application/json" id="chart-data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>${library}</script>
<script>${script}</script>`;
}

export const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** uPlot draws null as a gap. */
const withPlotValues = ({ lines, ...chart }: Chart) => ({
  ...chart,
  lines: lines.map((line) => ({
    ...line,
    values: line.values.map((value) => (value === undefined ? null : Math.round(value * 100) / 100)),
  })),
});
