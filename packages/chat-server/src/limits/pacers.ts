import type { HostCpuUsage } from '../host-cpu-usage.ts';
import { type ChatServerMetrics, countRefused, type PacedWork } from '../metrics.ts';
import { Pacer } from './pacer.ts';

export interface Pacers {
  /** Handshakes by address. */
  readonly handshakes: Pacer;
  /** Sign-ups, log-ins and requests without a valid token, by address. */
  readonly strangers: Pacer;
  /** All other requests, by user. */
  readonly users: Pacer;
}

export function createPacers(metrics: ChatServerMetrics, hostCpu: HostCpuUsage): Pacers {
  const pacer = (kind: PacedWork) =>
    new Pacer({
      hostCpu,
      onDelayed: () => metrics.chat_delayed_requests_total.inc({ kind }),
      onRefused: countRefused(metrics, kind),
    });
  return { handshakes: pacer('handshake'), strangers: pacer('stranger'), users: pacer('request') };
}
