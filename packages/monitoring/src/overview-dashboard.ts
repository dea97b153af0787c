import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { graph, quantile, rateBy, stat } from './panels.ts';

/** Builds the dashboard that shows the state of the whole cluster on one page. */
export const overviewDashboard = (): Dashboard =>
  new DashboardBuilder('Parley overview')
    .uid('parley-overview')
    .description('Latency, throughput and limits of the cluster. Red values need attention.')
    .tags(['parley'])
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)

    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Processes that are down',
          description: 'Other processes do their work. Above 0: read the log of the process and restart it.',
          unit: 'short',
        },
        'count(up{job=~"chat-server|message-worker|presence-service"} == 0) or vector(0)',
        1,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Session slots held',
          description: 'Of MAX_CLIENTS, in the whole cluster. At the limit: new users wait.',
          unit: 'short',
        },
        'max(chat_session_leases)',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Slots without a session',
          description: 'Above 0 for longer than SESSION_TTL_MS: slots leak.',
          unit: 'short',
        },
        'clamp_min(max(chat_session_leases) - sum(chat_sessions), 0)',
        1,
      ),
    )
    .withPanel(
      stat(
        { title: 'Waiting room', description: 'Users who wait for a session slot.', unit: 'short' },
        'max(chat_waiting)',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Messages in process',
          description: 'Appended and not yet stored, of MAX_IN_PROCESS. At the limit: senders get BUSY.',
          unit: 'short',
        },
        'max(chat_in_process)',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Largest sender in process',
          description: 'Of all messages in process. Near 1 while many are in process: one user floods.',
          unit: 'percentunit',
        },
        'max(chat_cluster_in_process_largest{of="sender"}) / (max(chat_in_process) > 0)',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Dead letters',
          description: 'Messages that could not be processed. Above 0: read the reasons in the dead-letter stream.',
          unit: 'short',
        },
        'max(chat_dead_letters)',
        1,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Redis memory',
          description: 'Of its limit. At REDIS_BUSY_PERCENT senders get BUSY. No value: Redis has no limit.',
          unit: 'percentunit',
        },
        'max(chat_cluster_redis_memory_bytes) / (max(chat_cluster_redis_memory_limit_bytes) > 0)',
        0.8,
      ),
    )

    .withPanel(
      stat(
        {
          title: 'Leading presence services',
          description: 'Exactly 1. 0 for longer than seconds: presence is frozen.',
          unit: 'short',
        },
        'sum(chat_presence_leads)',
      ),
    )

    .withRow(new RowBuilder('Messages'))
    .withPanel(
      graph(
        {
          title: 'Sends by outcome',
          description:
            'Busy: too many messages are in process, or Redis is near its memory limit. Over-share: few senders or conversations hold most places. Duplicate: clients resend messages whose ack was lost.',
          unit: 'ops',
        },
        { [rateBy('outcome', 'chat_sends_total')]: '{{outcome}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        { title: 'Append', description: 'From a valid message:send to its ack. High: Redis is slow.', unit: 's' },
        { [quantile(0.5, 'chat_accept_seconds')]: 'p50', 'cluster:chat_accept_seconds:p99': 'p99' },
      ),
    )
    .withPanel(
      graph(
        { title: 'Append to publish', description: 'High: too few message workers.', unit: 's' },
        { [quantile(0.5, 'chat_publish_delay_seconds')]: 'p50', 'cluster:chat_publish_delay_seconds:p99': 'p99' },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Published and stored',
          description: 'Stored below published for long: the store is too slow. Reclaimed: a worker died.',
          unit: 'ops',
        },
        {
          'sum(rate(chat_messages_published_total[$__rate_interval]))': 'published',
          'sum(rate(chat_messages_completed_total[$__rate_interval]))': 'stored',
          'sum(rate(chat_messages_taken_over_total[$__rate_interval]))': 'reclaimed',
          'sum(rate(chat_messages_dead_lettered_total[$__rate_interval]))': 'dead-lettered',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Batches',
          description: 'Messages that share a packet, or a bulk write. Near 1 under load: batching does not work.',
          unit: 'short',
        },
        {
          'sum(rate(chat_messages_published_total[$__rate_interval])) / sum(rate(chat_packets_published_total[$__rate_interval]))':
            'messages per packet',
          'sum(rate(chat_save_batch_messages_sum[$__rate_interval])) / sum(rate(chat_save_batch_messages_count[$__rate_interval]))':
            'messages per write',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'History store',
          description: 'Duration of bulk writes and of reads of one page. High: the store is slow.',
          unit: 's',
        },
        { 'cluster:chat_save_seconds:p99': 'write p99', [quantile(0.99, 'chat_page_seconds')]: 'page p99' },
      ),
    )

    .withRow(new RowBuilder('Sessions and REST'))
    .withPanel(
      graph(
        {
          title: 'Sessions by server',
          description: 'Uneven for long: check the load balancing of nginx.',
          unit: 'short',
        },
        { 'sum by (node) (chat_sessions)': '{{node}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Connection attempts by outcome',
          description:
            'Many SERVER_FULL: too few slots. Many UNAUTHENTICATED: invalid tokens. UNAVAILABLE or INTERNAL: a backend fails.',
          unit: 'ops',
        },
        { [rateBy('outcome', 'chat_handshakes_total')]: '{{outcome}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Ended sessions by reason',
          description: 'Lost: a server did not renew in time. Slow: clients do not read fast enough.',
          unit: 'ops',
        },
        { [rateBy('reason', 'chat_sessions_ended_total')]: '{{reason}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Presence changes by state',
          description: 'Many at once: a chat server or the network fails.',
          unit: 'ops',
        },
        { [rateBy('state', 'chat_presence_differences_total')]: '{{state}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'REST calls by status',
          description: '5xx: a backend is unavailable, or there is a bug.',
          unit: 'reqps',
        },
        { [rateBy('status', 'chat_http_request_seconds_count')]: '{{status}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'REST p99 by route',
          description: 'High: the store is slow. The login is always slow, because it hashes a password.',
          unit: 's',
        },
        {
          'histogram_quantile(0.99, sum by (le, route) (rate(chat_http_request_seconds_bucket[$__rate_interval])))':
            '{{route}}',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Failed rounds of background loops',
          description: 'Rising: Redis or the store is unavailable.',
          unit: 'ops',
        },
        {
          [rateBy('node, loop', 'chat_background_errors_total')]: '{{node}} {{loop}}',
          [rateBy('node, loop', 'chat_worker_errors_total')]: '{{node}} {{loop}}',
        },
      ),
    )

    .withRow(new RowBuilder('Processes'))
    .withPanel(
      graph(
        {
          title: 'CPU',
          description: 'Cores used. Near 1: the process is at its limit, because Node uses one core.',
          unit: 'percentunit',
        },
        { [rateBy('node', 'process_cpu_seconds_total{job!="prometheus"}')]: '{{node}}' },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Event loop lag, p99',
          description: '0.05 when idle. High: something blocks the event loop.',
          unit: 's',
        },
        { 'max by (node) (nodejs_eventloop_lag_p99_seconds)': '{{node}}' },
      ),
    )
    .withPanel(
      graph(
        { title: 'Memory', description: 'Rising steadily: a memory leak.', unit: 'bytes' },
        { 'max by (node) (process_resident_memory_bytes{job!="prometheus"})': '{{node}}' },
      ),
    )
    .build();
