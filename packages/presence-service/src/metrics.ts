import { backgroundErrorsMetric, LATENCY_BUCKETS, type Metrics, type MetricTable } from '@parley/service-kit';

export const PRESENCE_SERVICE_METRICS = {
  chat_presence_leads: {
    type: 'gauge',
    help: '1 while this presence service is the leader. 0 in all of them for longer than seconds: presence is frozen.',
  },
  chat_presence_shown: {
    type: 'gauge',
    help: 'Users shown as online or away; 0 in a follower. Far from chat_session_leases for long: presence lags behind.',
  },
  chat_presence_differences_total: {
    type: 'counter',
    help: 'Users whose shown state changed, by the new state. Many offline and online at once: a chat server or the network fails.',
    labels: { state: ['online', 'away', 'offline'] },
  },
  chat_presence_packets_total: {
    type: 'counter',
    help: 'Presence packets sent to clients, by kind. Many for each changed user: few users share a packet.',
    labels: { kind: ['changes', 'counts'] },
  },
  chat_presence_round_seconds: {
    type: 'histogram',
    help: 'Duration of one presence round. Near 1: Redis or the store is slow, or there are too many users.',
    buckets: LATENCY_BUCKETS,
  },
  chat_background_errors_total: backgroundErrorsMetric(['rounds']),
} as const satisfies MetricTable;

export type PresenceServiceMetrics = Metrics<typeof PRESENCE_SERVICE_METRICS>;
