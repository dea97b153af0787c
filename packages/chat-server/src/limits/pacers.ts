import type { HostCpuUsage } from '../host-cpu-usage.ts';
import { type ChatServerMetrics, countRefused, type PacedWork } from '../metrics.ts';
import { Pacer, type PacerOptions } from './pacer.ts';

/** A caller needs no turns for so much on each server: enough for a page that loads, or a person who types a search. */
const FREE = {
  handshake: { atOnce: 8, perSecond: 20 },
  stranger: { atOnce: 4, perSecond: 10 },
  request: { atOnce: 16, perSecond: 25 },
} as const satisfies Record<PacedWork, PacerOptions['free']>;

export interface Pacers {
  /** Handshakes by address. */
  readonly handshakes: Pacer;
  /** Sign-ups, log-ins and requests without a valid token, by address. */
  readonly strangers: Pacer;
  /** All other requests, by user. */
  readonly requests: Pacer;
}

export function createPacers(metrics: ChatServerMetrics, hostCpu: HostCpuUsage): Pacers {
  const pacer = (kind: PacedWork) =>
    new Pacer({
      free: FREE[kind],
      hostCpu,
      onDelayed: () => metrics.chat_delayed_requests_total.inc({ kind }),
      onRefused: countRefused(metrics, kind),
    });
  return { handshakes: pacer('handshake'), strangers: pacer('stranger'), requests: pacer('request') };
}
