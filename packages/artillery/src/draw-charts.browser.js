// Runs in the report page. Draws the charts of #chart-data with uPlot.
/* global uPlot */
{
  const HEIGHT = 240;
  const { charts, marks } = JSON.parse(document.getElementById('chart-data').textContent);
  const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = {
    stroke: colorOf('--soft'),
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { stroke: colorOf('--line'), width: 1 },
  };

  const drawMarks = ({ ctx, bbox, valToPos }) => {
    ctx.save();
    ctx.strokeStyle = colorOf('--bad');
    ctx.setLineDash([6, 4]);
    for (const { second } of marks) {
      const x = Math.round(valToPos(second, 'x', true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };

  for (const [index, { unit, lines }] of charts.entries()) {
    const container = document.getElementById(`chart-${index}`);
    const seconds = lines[0].values.map((_, second) => second);
    const chart = new uPlot(
      {
        width: container.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false }, y: { range: (_, _min, max) => [0, max > 0 ? max * 1.05 : 1] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((second) => `${second} s`) },
          { ...axis, size: 64 },
        ],
        series: [
          { label: 'time', value: (_, second) => (second === null ? '–' : `${second} s`) },
          ...lines.map(({ label, color }) => ({
            label,
            stroke: colorOf(color),
            width: 2,
            value: (_, value) => (value === null ? '–' : `${value} ${unit}`),
          })),
        ],
        hooks: { draw: [drawMarks] },
      },
      [seconds, ...lines.map(({ values }) => values)],
      container,
    );
    new ResizeObserver(() => chart.setSize({ width: container.clientWidth, height: HEIGHT })).observe(container);
  }
}
