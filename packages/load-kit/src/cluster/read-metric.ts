import type { ProcessEntry } from '@parley/local-cluster';

const CALL_DEADLINE_MS = 5_000;

/** Returns the value of a metric, summed over its series. */
export async function readMetric({ name, metricsPort }: ProcessEntry, metric: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, {
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  const series = (await response.text()).split('\n').filter((line) => /^[\w:]+/.exec(line)?.[0] === metric);
  if (series.length === 0) throw new Error(`${name} has no metric ${metric}`);
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
