import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type CounterRow = { type: 'counter'; help: string; labels?: readonly string[] };
type GaugeRow = { type: 'gauge'; help: string; labels?: readonly string[] };
type HistogramRow = { type: 'histogram'; help: string; labels?: readonly string[]; buckets: readonly number[] };
type MetricRow = CounterRow | GaugeRow | HistogramRow;

/** A service's metrics: name → type, help, labels. Names begin with `chat_` and end with a base unit. */
export type MetricTable = Record<`chat_${string}`, MetricRow>;

type MetricOf<R extends MetricRow> = R extends CounterRow ? Counter : R extends GaugeRow ? Gauge : Histogram;
export type Metrics<T extends MetricTable> = { readonly [K in keyof T & `chat_${string}`]: MetricOf<T[K]> } & {
  readonly registry: Registry;
};

/** Seconds, from a fast Redis call to a deadline. */
export const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Node's own measure of the event loop's lag wakes a process so often, also when there is nothing else to do; it is part of each value. */
const LOOP_LAG_PRECISION_MS = 50;

/** Makes the metrics of a table, with Node's own (event loop, memory, CPU), in a registry of their own. */
export function createMetrics<const T extends MetricTable>(table: T, nodeName: string): Metrics<T> {
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeName });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LAG_PRECISION_MS });
  const metrics: Record<string, unknown> = { registry };
  for (const [name, row] of Object.entries(table)) {
    const shared = { name, help: row.help, labelNames: [...(row.labels ?? [])], registers: [registry] };
    if (row.type === 'counter') metrics[name] = new Counter(shared);
    else if (row.type === 'gauge') metrics[name] = new Gauge(shared);
    else metrics[name] = new Histogram({ ...shared, buckets: [...row.buckets] });
  }
  return metrics as Metrics<T>;
}
