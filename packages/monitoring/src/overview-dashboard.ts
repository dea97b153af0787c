import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { graph, quantile, rateBy, stat } from './panels.ts';

/** One page that says whether the cluster does its work, and where it does not. */
export const overviewDashboard = (): Dashboard =>
  new DashboardBuilder('Parley overview')
    .uid('parley-overview')
    .description('Is every message accepted, published and stored in time, and is every limit kept?')
    .tags(['parley'])
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)

    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        { title: 'Processes that are down', description: 'Their work has gone to the others.', unit: 'short' },
        'count(up{job=~"chat-server|message-worker|presence-service"} == 0) or vector(0)',
        1,
      ),
    )
    .withPanel(
      stat(
        { title: 'Places held', description: 'Sessions in the whole cluster, of MAX_CLIENTS.', unit: 'short' },
        'max(chat_session_leases)',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Places without a session',
          description: 'Above 0 for longer than SESSION_TTL_MS: places leak.',
          unit: 'short',
        },
        'clamp_min(max(chat_session_leases) - sum(chat_sessions), 0)',
        1,
      ),
    )
    .withPanel(
      stat({ title: 'Waiting room', description: 'Users who wait for a place.', unit: 'short' }, 'max(chat_waiting)'),
    )
    .withPanel(
      stat(
        {
          title: 'Messages in process',
          description: 'Accepted and not yet stored, of MAX_IN_PROCESS. At the limit, senders get BUSY.',
          unit: 'short',
        },
        'max(chat_in_process)',
      ),
    )
    .withPanel(
      stat(
        { title: 'Dead letters', description: 'Any: read their reasons in the dead-letter stream.', unit: 'short' },
        'max(chat_dead_letters)',
        1,
      ),
    )

    .withPanel(
      stat(
        {
          title: 'Presence services that lead',
          description: '1 of all; none for longer than seconds: people are shown as they were.',
          unit: 'short',
        },
        'sum(chat_presence_leads)',
      ),
    )

    .withRow(new RowBuilder('The way of a message'))
    .withPanel(
      graph(
        {
          title: 'Sends by outcome',
          description: 'Busy: too many messages are in process. Duplicate: clients sent again what was acked.',
          unit: 'ops',
        },
        { [rateBy('outcome', 'chat_sends_total')]: '{{outcome}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        { title: 'Accept', description: 'From a valid message:send to its ack. High: Redis is slow.', unit: 's' },
        { [quantile(0.5, 'chat_accept_seconds')]: 'p50', 'cluster:chat_accept_seconds:p99': 'p99' },
      ),
    )
    .withPanel(
      graph(
        { title: 'Accept to publish', description: 'High: too few workers.', unit: 's' },
        { [quantile(0.5, 'chat_publish_delay_seconds')]: 'p50', 'cluster:chat_publish_delay_seconds:p99': 'p99' },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Published and stored',
          description: 'Stored below published for long: the store does not keep up. Taken over: a worker died.',
          unit: 'ops',
        },
        {
          'sum(rate(chat_messages_published_total[$__rate_interval]))': 'published',
          'sum(rate(chat_messages_completed_total[$__rate_interval]))': 'stored',
          'sum(rate(chat_messages_taken_over_total[$__rate_interval]))': 'taken over',
          'sum(rate(chat_messages_dead_lettered_total[$__rate_interval]))': 'dead-lettered',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Batches',
          description: 'Messages that share a packet and a bulk write. Near 1 under load: batching does not work.',
          unit: 'short',
        },
        {
          'sum(rate(chat_messages_published_total[$__rate_interval])) / sum(rate(chat_packets_published_total[$__rate_interval]))':
            'messages a packet',
          'sum(rate(chat_save_batch_messages_sum[$__rate_interval])) / sum(rate(chat_save_batch_messages_count[$__rate_interval]))':
            'messages a write',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'History store',
          description: 'Bulk writes and pages of history. High: the store is slow.',
          unit: 's',
        },
        { 'cluster:chat_save_seconds:p99': 'write p99', [quantile(0.99, 'chat_page_seconds')]: 'page p99' },
      ),
    )

    .withRow(new RowBuilder('Sessions and REST'))
    .withPanel(
      graph(
        { title: 'Sessions by server', description: 'Uneven for long: look at the balance in nginx.', unit: 'short' },
        { 'sum by (node) (chat_sessions)': '{{node}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Connection attempts by outcome',
          description: 'Many that are not "admitted": full, stolen tokens or a broken part.',
          unit: 'ops',
        },
        { [rateBy('outcome', 'chat_handshakes_total')]: '{{outcome}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        { title: 'Sessions that end, by reason', description: 'Lost: a server could not renew in time.', unit: 'ops' },
        { [rateBy('reason', 'chat_sessions_ended_total')]: '{{reason}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        {
          title: 'People shown differently',
          description: 'Many at once: a server or the network fails.',
          unit: 'ops',
        },
        { [rateBy('state', 'chat_presence_differences_total')]: '{{state}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        { title: 'REST calls by status', description: '5xx: a part is away, or there is a fault.', unit: 'reqps' },
        { [rateBy('status', 'chat_http_request_seconds_count')]: '{{status}}' },
        true,
      ),
    )
    .withPanel(
      graph(
        { title: 'REST p99 by route', description: 'Logging in is slow on purpose: it hashes a password.', unit: 's' },
        {
          'histogram_quantile(0.99, sum by (le, route) (rate(chat_http_request_seconds_bucket[$__rate_interval])))':
            '{{route}}',
        },
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Failed background rounds',
          description: 'Rising: Redis or the store is away, or refuses.',
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
        { title: 'CPU', description: 'Of one core. Near 1: the process has no more to give.', unit: 'percentunit' },
        { [rateBy('node', 'process_cpu_seconds_total{job!="prometheus"}')]: '{{node}}' },
      ),
    )
    .withPanel(
      graph(
        { title: 'Event loop lag, p99', description: '0.05 is idle. High: something blocks the process.', unit: 's' },
        { 'max by (node) (nodejs_eventloop_lag_p99_seconds)': '{{node}}' },
      ),
    )
    .withPanel(
      graph(
        { title: 'Memory', description: 'Rising without end: a leak.', unit: 'bytes' },
        { 'max by (node) (process_resident_memory_bytes{job!="prometheus"})': '{{node}}' },
      ),
    )
    .build();
