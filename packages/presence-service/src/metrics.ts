import { LATENCY_BUCKETS, type Metrics, type MetricTable } from '@parley/service-kit';

export const PRESENCE_SERVICE_METRICS = {
  chat_presence_leads: {
    type: 'gauge',
    help: '1 while this service decides who is shown. None of all services for longer than seconds: presence stands still.',
  },
  chat_presence_shown: {
    type: 'gauge',
    help: 'People who are shown as online or away. Far from chat_session_leases for long: presence is behind.',
  },
  chat_presence_differences_total: {
    type: 'counter',
    help: 'People who were shown differently, by what they became. Many offline and online at once: a server or the network fails.',
    labels: ['state'],
  },
  chat_presence_packets_total: {
    type: 'counter',
    help: 'Packets by which clients were told. Many for one difference: people do not share them.',
    labels: ['kind'],
  },
  chat_presence_round_seconds: {
    type: 'histogram',
    help: 'Time of one look at who is there, with all that follows. Near 1: Redis or the store is slow, or there are too many people.',
    buckets: LATENCY_BUCKETS,
  },
  chat_background_errors_total: {
    type: 'counter',
    help: 'Failed rounds of background loops. Rising: Redis or the store is away.',
    labels: ['loop'],
  },
} as const satisfies MetricTable;

export type PresenceServiceMetrics = Metrics<typeof PRESENCE_SERVICE_METRICS>;
