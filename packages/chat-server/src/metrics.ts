import { ERROR_CODES } from '@parley/protocol';
import {
  backgroundErrorsMetric,
  LATENCY_BUCKETS,
  type LimitReason,
  type Metrics,
  type MetricTable,
} from '@parley/service-kit';

/** The limits by address and by rate. docs/configuration.md has their settings. */
const LIMIT_RULES = [
  'sign-up',
  'log-in',
  'failed-log-in',
  'failed-log-in-name',
  'handshake',
  'session',
  'conversation',
  'request',
  'request-address',
  'search',
  'event',
] as const;
export type LimitRule = (typeof LIMIT_RULES)[number];

/** Work that `Pacer` spreads. */
const PACED_WORK = ['handshake', 'stranger', 'request', 'event'] as const;
export type PacedWork = (typeof PACED_WORK)[number];

export const CHAT_SERVER_METRICS = {
  chat_sessions: { type: 'gauge', help: 'Sessions that this server holds.' },
  chat_session_leases: {
    type: 'gauge',
    help: 'Session slots held in the whole cluster. Above the sum of chat_sessions for longer than SESSION_TTL_MS: a leak.',
  },
  chat_waiting: {
    type: 'gauge',
    help: 'Users in the waiting room of the whole cluster. Above 0: all session slots are taken.',
  },
  chat_in_process: {
    type: 'gauge',
    help: 'Messages appended and not yet completely processed, in the whole cluster. At MAX_IN_PROCESS: workers or the store are slow.',
  },
  chat_cluster_in_process_holders: {
    type: 'gauge',
    help: 'Senders and conversations with messages in process. Few of them while chat_in_process is near MAX_IN_PROCESS: somebody floods.',
    labels: { of: ['sender', 'conversation'] },
  },
  chat_cluster_in_process_largest: {
    type: 'gauge',
    help: 'Messages in process of the sender, and of the conversation, that has most. Near chat_in_process: one of them takes what is meant for all.',
    labels: { of: ['sender', 'conversation'] },
  },
  chat_cluster_redis_memory_bytes: {
    type: 'gauge',
    help: 'Memory that Redis counts towards its limit; of a Cluster, in the fullest master. Near the limit: senders get BUSY.',
  },
  chat_cluster_redis_memory_limit_bytes: {
    type: 'gauge',
    help: "Redis' memory limit (maxmemory). 0: Redis has none and may fill the machine.",
  },
  chat_partitions_without_worker: {
    type: 'gauge',
    help: 'Partitions of the message log in which no message worker was active for 20 s. Above 0: start a message worker; messages are acked and not delivered.',
  },
  chat_isolated: {
    type: 'gauge',
    help: '1 while this server alone cannot use Redis: it accepts no connections, and its sessions move to other servers.',
  },
  chat_handshakes_total: {
    type: 'counter',
    help: 'Connection attempts by outcome. Many other than "admitted": the cluster is full, a backend is unavailable, or tokens are guessed.',
    labels: { outcome: ['admitted', 'gone', ...ERROR_CODES] },
  },
  chat_delayed_requests_total: {
    type: 'counter',
    help: 'Requests of busy callers that waited for their turn while others were active: handshakes; requests of strangers, who have no valid token; all other requests; events of users who send many more than the others. Many: an address or a user sends as much as it can.',
    labels: { kind: PACED_WORK },
  },
  chat_rate_limited_total: {
    type: 'counter',
    help: 'Refusals because of a limit by address or by rate (RATE_LIMITED), by rule. A burst: abuse, or a limit that is too low for many people at one address. nginx counts its own refusals nowhere; its error log has them at level info.',
    labels: { rule: LIMIT_RULES },
  },
  chat_pending_connections: {
    type: 'gauge',
    help: 'Connections of this server that are not admitted yet. Near MAX_PENDING_CONNECTIONS: somebody opens connections and does not use them, or admission is slow.',
  },
  chat_pending_connections_ended_total: {
    type: 'counter',
    help: 'Connections that were not admitted, by outcome. "full": refused because of MAX_PENDING_CONNECTIONS. "refused": the handshake failed, or the client violated the protocol. "overdue": the client did not ask to be admitted, or did not read the answer, in time. Many of any: somebody floods the server.',
    labels: { outcome: ['full', 'refused', 'overdue'] },
  },
  chat_sessions_ended_total: {
    type: 'counter',
    help: 'Sessions that ended, by reason. Many "lost": this server could not renew leases in time. Many "slow": clients do not read. Any "isolated": this server alone lost Redis. "idle": users waited for the slots of inactive ones.',
    labels: {
      reason: [
        'replaced',
        'lost',
        'unauthorised',
        'silent',
        'idle',
        'slow',
        'excessive',
        'disconnected',
        'isolated',
        'shutdown',
      ],
    },
  },
  chat_sends_total: {
    type: 'counter',
    help: 'Appends to the message log by outcome. Many "busy": MAX_IN_PROCESS is reached, or Redis is near its memory limit; senders wait. Many "over-share": few senders or conversations hold most of MAX_IN_PROCESS; only they wait. Many "rate-limited": users send faster than MESSAGES_PER_SECOND. "superseded": a server acted for a session that another one had taken over.',
    labels: {
      outcome: [
        'accepted',
        'duplicate',
        'conflict',
        'rate-limited',
        'busy',
        'over-share',
        'stale-members',
        'target-missing',
        'superseded',
      ],
    },
  },
  chat_dedupe_store_queries_total: {
    type: 'counter',
    help: 'Questions to the history store whether a clientMessageId was used before. Many "message": raise DEDUPE_FILTER_BYTES. "sender" rises for a day after Redis may have lost data.',
    labels: { about: ['message', 'sender'] },
  },
  chat_accept_seconds: {
    type: 'histogram',
    help: 'Time from a valid message:send to its ack. High: Redis or this server is overloaded.',
    buckets: LATENCY_BUCKETS,
  },
  chat_page_seconds: {
    type: 'histogram',
    help: 'Time to read one page of history. High: the store is slow.',
    buckets: LATENCY_BUCKETS,
  },
  chat_http_request_seconds: {
    type: 'histogram',
    help: 'Duration of REST calls by method, route and status. High: the store or this server is overloaded.',
    labels: {
      method: 'the HTTP method',
      route: "the route's pattern, or `unknown` when none matches",
      status: 'the HTTP status',
    },
    buckets: LATENCY_BUCKETS,
  },
  chat_work_refused_total: {
    type: 'counter',
    help: 'Tasks that were refused because too many of the kind were waiting: "share", of one user or address; "full", of all; "late", for too long. Many "full" or "late": the server or the store is overloaded.',
    labels: {
      kind: ['passwords', 'history', 'store-read', 'store-write', 'search', ...PACED_WORK],
      reason: ['share', 'full', 'late'],
    },
  },
  chat_fan_out_seconds: {
    type: 'histogram',
    help: 'Duration of one flush of collected packets to the clients of this server. High: it has too many clients.',
    buckets: LATENCY_BUCKETS,
  },
  chat_slow_consumers_total: {
    type: 'counter',
    help: 'Clients disconnected because they did not read what was sent. Many at once: a slow network, or packets that are too large.',
  },
  chat_subscriber_replaced_total: {
    type: 'counter',
    help: 'Subscriber connections replaced because they had silently stopped receiving. Rising: the network to Redis drops connections.',
  },
  chat_room_corrections_total: {
    type: 'counter',
    help: 'Rooms that differed from the members in the store and were corrected without a notice. Rising: notices of changed members are lost.',
  },
  chat_guests_expired_total: {
    type: 'counter',
    help: 'Guests that expired because they did not sign in for GUEST_TTL_MS. Many at once: somebody created guests in bulk that long ago.',
  },
  chat_background_errors_total: backgroundErrorsMetric([
    'gauges',
    'redis-memory',
    'partitions',
    'isolation',
    'heads',
    'rooms',
    'hearing',
    'markers',
    'typing',
    'slow-consumers',
    'pending-connections',
    'housekeeping',
    'renew',
    'sweep',
  ]),
} as const satisfies MetricTable;

export type ChatServerMetrics = Metrics<typeof CHAT_SERVER_METRICS>;
export type BackgroundLoopName = (typeof CHAT_SERVER_METRICS.chat_background_errors_total.labels.loop)[number];
export type BoundedWork = (typeof CHAT_SERVER_METRICS.chat_work_refused_total.labels.kind)[number];

/** Counts refused tasks of a kind. */
export const countRefused =
  (metrics: ChatServerMetrics, kind: BoundedWork) =>
  (reason: LimitReason): void =>
    metrics.chat_work_refused_total.inc({ kind, reason });
