import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The uid of the data source in `grafana/provisioning`. */
const DATASOURCE = { type: 'prometheus', uid: 'parley-prometheus' };

/** Grafana's grid is 24 columns wide; a row of height 1 is 30 pixels. */
const STAT_SIZE = { columns: 4, rows: 4 };
const GRAPH_SIZE = { columns: 8, rows: 8 };

/** The units of Grafana that the panels use. */
export type Unit = 'short' | 's' | 'bytes' | 'percentunit' | 'ops' | 'reqps';

export interface PanelText {
  readonly title: string;
  /** Says what a bad value means. */
  readonly description: string;
  readonly unit: Unit;
}

/** PromQL → legend of the series, in which `{{label}}` is replaced by the label's value. */
export type Queries = Readonly<Record<string, string>>;

/** Builds a panel with one number. @param badFrom values from this one on are red */
export function stat(text: PanelText, expr: string, badFrom?: number): StatBuilder {
  const steps = [{ value: null, color: 'green' }, ...(badFrom === undefined ? [] : [{ value: badFrom, color: 'red' }])];
  return new StatBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .unit(text.unit)
    .span(STAT_SIZE.columns)
    .height(STAT_SIZE.rows)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .withTarget(new DataqueryBuilder().refId('A').datasource(DATASOURCE).expr(expr));
}

/** Builds a panel with time series. @param stacked whether the series are parts of a whole */
export function graph(text: PanelText, queries: Queries, stacked = false): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .unit(text.unit)
    .min(0)
    .span(GRAPH_SIZE.columns)
    .height(GRAPH_SIZE.rows)
    .fillOpacity(stacked ? 30 : 5)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(
      Object.entries(queries).map(([expr, legend], index) =>
        new DataqueryBuilder()
          .refId(String.fromCharCode(65 + index))
          .datasource(DATASOURCE)
          .expr(expr)
          .legendFormat(legend),
      ),
    );
  return stacked ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : panel;
}

/** Returns the PromQL of a histogram's quantile over all processes. */
export const quantile = (q: number, histogram: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${histogram}_bucket[$__rate_interval])))`;

/** Returns the PromQL of a counter's rate per second for each value of a label, over all processes. */
export const rateBy = (label: string, counter: string): string =>
  `sum by (${label}) (rate(${counter}[$__rate_interval]))`;
