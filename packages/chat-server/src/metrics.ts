import { ERROR_CODES } from '@parley/protocol';
import { backgroundErrorsMetric, LATENCY_BUCKETS, type Metrics, type MetricTable } from '@parley/service-kit';

export const CHAT_SERVER_METRICS = {
  chat_sessions: { type: 'gauge', help: 'Sessions with a place that this server holds.' },
  chat_session_leases: {
    type: 'gauge',
    help: 'Places held in the whole cluster. More than the sum of chat_sessions for longer than the TTL: a leak.',
  },
  chat_waiting: { type: 'gauge', help: 'Users in the waiting room, in the whole cluster.' },
  chat_in_process: {
    type: 'gauge',
    help: 'Messages accepted and not yet completed, in the whole cluster. At the limit: workers or the store are slow.',
  },
  chat_handshakes_total: {
    type: 'counter',
    help: 'Connection attempts by outcome. Many that are not "admitted": full, stolen tokens or a broken part.',
    labels: { outcome: ['admitted', 'gone', ...ERROR_CODES] },
  },
  chat_sessions_ended_total: {
    type: 'counter',
    help: 'Sessions that ended, by reason.',
    labels: { reason: ['replaced', 'lost', 'unauthorised', 'silent', 'slow', 'disconnected', 'shutdown'] },
  },
  chat_sends_total: {
    type: 'counter',
    help: 'message:send by outcome. BUSY or UNAVAILABLE: senders wait.',
    labels: {
      outcome: ['accepted', 'duplicate', 'conflict', 'busy', 'stale-members', 'target-deleted'],
    },
  },
  chat_accept_seconds: {
    type: 'histogram',
    help: 'Time from a valid message:send to its ack. High: Redis is slow.',
    buckets: LATENCY_BUCKETS,
  },
  chat_page_seconds: {
    type: 'histogram',
    help: 'Time to read one page of history. High: the store is slow.',
    buckets: LATENCY_BUCKETS,
  },
  chat_http_request_seconds: {
    type: 'histogram',
    help: 'REST calls by method, route and status.',
    labels: {
      method: 'the HTTP method',
      route: "the route's pattern, or `unknown` when none matches",
      status: 'the HTTP status',
    },
    buckets: LATENCY_BUCKETS,
  },
  chat_fan_out_seconds: {
    type: 'histogram',
    help: 'Time to hand what gathered to all clients of this server. High: it has too many clients.',
    buckets: LATENCY_BUCKETS,
  },
  chat_slow_consumers_total: {
    type: 'counter',
    help: 'Clients cut because they did not read what they were sent. Many at once: a slow network, or packets too large.',
  },
  chat_subscriber_replaced_total: {
    type: 'counter',
    help: 'Subscriber connections replaced because they had silently stopped receiving.',
  },
  chat_background_errors_total: backgroundErrorsMetric([
    'gauges',
    'heads',
    'hearing',
    'typing',
    'slow-consumers',
    'housekeeping',
    'renew',
    'sweep',
  ]),
} as const satisfies MetricTable;

export type ChatServerMetrics = Metrics<typeof CHAT_SERVER_METRICS>;
export type BackgroundLoopName = (typeof CHAT_SERVER_METRICS.chat_background_errors_total.labels.loop)[number];
