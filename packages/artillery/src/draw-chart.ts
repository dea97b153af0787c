/** A line of a chart; `undefined` is a hole in it. */
export interface Line {
  readonly label: string;
  /** A CSS class of the page: `s1` … `s3`. */
  readonly style: string;
  readonly values: readonly (number | undefined)[];
}

export interface Mark {
  readonly second: number;
  readonly text: string;
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const RIGHT = 12;
const TOP = 16;
const BOTTOM = 28;
const GRID_LINES = 4;
const TIME_LABELS = 6;

/** A chart over the seconds of a run as SVG, with the marks as vertical lines. */
export function drawChart(title: string, unit: string, lines: readonly Line[], marks: readonly Mark[]): string {
  const seconds = Math.max(2, ...lines.map(({ values }) => values.length));
  const highest = Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const top = roundUp(highest);
  const x = (second: number) => LEFT + (second / (seconds - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, index) => {
    const value = (top / GRID_LINES) * index;
    const at = y(value).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="axis" x="${LEFT - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${formatValue(value)}</text>`;
  });
  const step = Math.max(1, Math.ceil(seconds / TIME_LABELS));
  const times = Array.from({ length: Math.ceil(seconds / step) }, (_, index) => {
    const second = index * step;
    return `<text class="axis" x="${x(second).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${second} s</text>`;
  });
  const faults = marks.map(
    ({ second, text }) =>
      `<g class="mark"><line x1="${x(second).toFixed(1)}" x2="${x(second).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><title>${escapeHtml(text)}</title></g>`,
  );
  const paths = lines.map(({ label, style, values }) => {
    const path = pathOf(values, x, y);
    const dots = values.map((value, second) =>
      value === undefined
        ? ''
        : `<circle cx="${x(second).toFixed(1)}" cy="${y(value).toFixed(1)}" r="5"><title>${escapeHtml(label)} at ${second} s: ${formatValue(value)} ${unit}</title></circle>`,
    );
    return `<g class="${style}"><path d="${path}"/>${dots.join('')}</g>`;
  });
  const legend = lines.map(({ label, style }) => `<span class="${style}"><i></i>${escapeHtml(label)}</span>`);
  return `<figure><figcaption><b>${escapeHtml(title)}</b> <small>${unit}</small>${lines.length > 1 ? `<span class="legend">${legend.join('')}</span>` : ''}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${[...grid, ...times, ...faults, ...paths].join('')}</svg></figure>`;
}

export const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function pathOf(
  values: readonly (number | undefined)[],
  x: (second: number) => number,
  y: (value: number) => number,
): string {
  return values
    .map((value, second) => {
      if (value === undefined) return '';
      const isFirst = second === 0 || values[second - 1] === undefined;
      const point = `${x(second).toFixed(1)} ${y(value).toFixed(1)}`;
      return isFirst ? `M${point}h0` : `L${point}`; // h0: a point between two holes shows as a dot
    })
    .join('');
}

/** The next number that divides well into the grid. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 5, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return step * power;
}

function formatValue(value: number): string {
  if (value >= 10_000) return `${+(value / 1_000).toFixed(1)}k`;
  return String(+value.toFixed(value >= 10 ? 0 : 2));
}
