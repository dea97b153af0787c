import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Label name → its closed set of values, or a description of the set where the table cannot list it. */
export type MetricLabels = Readonly<Record<string, readonly string[] | string>>;

type CounterRow = { type: 'counter'; help: string; labels?: MetricLabels };
type GaugeRow = { type: 'gauge'; help: string; labels?: MetricLabels };
type HistogramRow = { type: 'histogram'; help: string; labels?: MetricLabels; buckets: readonly number[] };
type MetricRow = CounterRow | GaugeRow | HistogramRow;

/**
 * The metrics of a service: name → type, help, labels. Names begin with `chat_` and end with a base unit; the help says
 * what a bad value means. `docs/metrics.md` is generated from these tables.
 */
export type MetricTable = Record<`chat_${string}`, MetricRow>;

/** The labels of a row, so the compiler refuses a value that is not in its closed set. */
type LabelsOf<R extends MetricRow> = R extends { labels: infer L }
  ? { [K in keyof L]: L[K] extends readonly (infer V)[] ? V : string | number }
  : never;

interface CounterOf<R extends CounterRow> {
  inc(value?: number): void;
  inc(labels: LabelsOf<R>, value?: number): void;
}

type MetricOf<R extends MetricRow> = R extends CounterRow ? CounterOf<R> : R extends GaugeRow ? Gauge : Histogram;
export type Metrics<T extends MetricTable> = { readonly [K in keyof T & `chat_${string}`]: MetricOf<T[K]> } & {
  readonly registry: Registry;
};

/** Seconds, from a fast Redis call to a deadline. */
export const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The row of the failed rounds of a service's background loops. */
export const backgroundErrorsMetric = <const Loop extends string>(loops: readonly Loop[]) =>
  ({
    type: 'counter',
    help: 'Failed rounds of background loops; each is retried. Rising: Redis or the store is unavailable.',
    labels: { loop: loops },
  }) as const;

/**
 * How often Node samples the event-loop lag. Each sample wakes an idle process. The interval is part of each value, so an
 * idle process shows this lag.
 */
const LOOP_LAG_PRECISION_MS = 50;

/** Creates the metrics of a table and Node's own (event loop, memory, CPU) in a new registry. */
export function createMetrics<const T extends MetricTable>(table: T, nodeName: string): Metrics<T> {
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeName });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LAG_PRECISION_MS });
  const metrics: Record<string, unknown> = { registry };
  for (const [name, row] of Object.entries(table)) {
    const labels = row.labels ?? {};
    const options = { name, help: row.help, labelNames: Object.keys(labels), registers: [registry] };
    if (row.type === 'counter') metrics[name] = startAtZero(new Counter(options), labels);
    else if (row.type === 'gauge') metrics[name] = new Gauge(options);
    else metrics[name] = new Histogram({ ...options, buckets: [...row.buckets] });
  }
  return metrics as Metrics<T>;
}

/** A series that begins at 0 lets `rate()` see its first increment. */
function startAtZero(counter: Counter, labels: MetricLabels): Counter {
  const [label, ...others] = Object.entries(labels);
  if (label === undefined || others.length > 0) return counter;
  const [name, values] = label;
  if (typeof values !== 'string') for (const value of values) counter.inc({ [name]: value }, 0);
  return counter;
}
