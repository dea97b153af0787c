import type { HostCpuUsage } from '../host-cpu-usage.ts';
import { type ChatServerMetrics, countRefused, type PacedWork } from '../metrics.ts';
import { Pacer, type PacerOptions } from './pacer.ts';

/** The work of a message or a signal, in multiples of a simple request. */
export const EVENT_COST = 0.25;

type Pace = Pick<PacerOptions, 'free' | 'timesOthers' | 'activeMs'>;

/** A caller needs no turns for so much on each server: enough for a page that loads, or a person who types a search. */
const PACES = {
  handshake: { free: { atOnce: 8, perSecond: 20 }, timesOthers: 0, activeMs: 10_000 },
  stranger: { free: { atOnce: 4, perSecond: 10 }, timesOthers: 0, activeMs: 10_000 },
  request: { free: { atOnce: 40, perSecond: 25 }, timesOthers: 0, activeMs: 10_000 },
  // In a load test all clients send alike, and nobody waits.
  event: { free: { atOnce: 64 * EVENT_COST, perSecond: 24 * EVENT_COST }, timesOthers: 4, activeMs: 3_000 },
} as const satisfies Record<PacedWork, Pace>;

export interface Pacers {
  /** Handshakes by address. */
  readonly handshakes: Pacer;
  /** Sign-ups, log-ins and requests without a valid token, by address. */
  readonly strangers: Pacer;
  /** All other requests, by user. */
  readonly requests: Pacer;
  /** Events over Socket.IO, by user. */
  readonly events: Pacer;
}

export function createPacers(metrics: ChatServerMetrics, hostCpu: HostCpuUsage): Pacers {
  const pacer = (kind: PacedWork) =>
    new Pacer({
      ...PACES[kind],
      hostCpu,
      onDelayed: () => metrics.chat_delayed_requests_total.inc({ kind }),
      onRefused: countRefused(metrics, kind),
    });
  return {
    handshakes: pacer('handshake'),
    strangers: pacer('stranger'),
    requests: pacer('request'),
    events: pacer('event'),
  };
}
