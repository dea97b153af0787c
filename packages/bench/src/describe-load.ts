import { formatTable } from '@parley/load-kit/command';
import { formatNumber } from './comparison.ts';
import type { LoadResult } from './measure-load.ts';

const PARTS = ['nginx', 'servers', 'redis', 'worker', 'presence', 'generator'] as const;

/** Formats one line per measurement: rate, latency, and CPU by process. */
export function describeLoads(loads: readonly (readonly [label: string, load: LoadResult])[]): string[] {
  const head = ['', 'messages/s', 'deliveries/s', 'p50 ms', 'p99 ms', 'p99.9 ms', ...PARTS, 'system', 'elsewhere'];
  const rows = loads.map(([label, load]) => [
    label,
    ...[load.perSecond, load.deliveriesPerSecond, load.p50Ms, load.p99Ms, load.p999Ms].map(formatNumber),
    ...PARTS.map((part) => formatNumber(load.cpuPerMillion[part] ?? 0)),
    formatNumber(load.systemCpuPerMillion),
    `${formatNumber(load.cpu.otherCores)} cores`,
  ]);
  const bounds = loads.map(
    ([label, { cpu }]) => `  ${label}: ${cpu.atLimit.length > 0 ? cpu.atLimit.join(', ') : 'none'}`,
  );
  return [
    'CPU seconds per million deliveries by process; elsewhere = other processes on this machine',
    ...formatTable([head, ...rows]),
    'processes at ≥ 90 % of a core:',
    ...bounds,
  ];
}

/** Returns the errors of a load, or undefined when every message arrived once and in order. */
export function faultOf(load: LoadResult): string | undefined {
  const faults = Object.entries({
    lost: load.lost,
    repeated: load.repeated,
    late: load.late,
    refused: load.refused,
    unacked: load.unacked,
    closed: load.closed,
  }).filter(([, count]) => count > 0);
  return faults.length > 0 ? faults.map(([name, count]) => `${formatNumber(count)} ${name}`).join(', ') : undefined;
}
