import { LATENCY_BUCKETS, type Metrics, type MetricTable } from '@parley/service-kit';

export const MESSAGE_WORKER_METRICS = {
  chat_messages_published_total: { type: 'counter', help: 'Messages published to the chat servers, repeats included.' },
  chat_packets_published_total: {
    type: 'counter',
    help: 'Packets that carried them. Messages per packet near 1 under load: batching does not work.',
  },
  chat_messages_completed_total: { type: 'counter', help: 'Messages saved and removed from the log.' },
  chat_messages_taken_over_total: {
    type: 'counter',
    help: 'Messages reclaimed from workers that died. Rising: workers crash or freeze.',
  },
  chat_messages_dead_lettered_total: {
    type: 'counter',
    help: 'Messages that could not be processed. Above 0: inspect the dead-letter stream.',
  },
  chat_messages_lost_total: {
    type: 'counter',
    help: 'Messages that Redis lost after their ack, before this worker had saved them. Their senders resend them. Rising: Redis loses data.',
  },
  chat_messages_replaced_total: {
    type: 'counter',
    help: 'Messages of an ended epoch that were saved late, and deleted because their seq belongs to another message.',
  },
  chat_save_rejections_total: {
    type: 'counter',
    help: 'Attempts to save a message that the store rejected. After a few, the message goes to the dead letters.',
  },
  chat_dead_letters: {
    type: 'gauge',
    help: 'Messages in the dead-letter stream, at most 1,000. Above 0: inspect them before older ones leave.',
  },
  chat_recent_messages_trimmed_total: {
    type: 'counter',
    help: 'Stored messages that left the recent windows because Redis was near its memory limit. Rising: Redis needs more memory.',
  },
  chat_dedupe_entries_deleted_total: {
    type: 'counter',
    help: 'Dedupe entries of stored messages that were deleted early because Redis was near its memory limit. Rising: Redis needs more memory.',
  },
  chat_publish_delay_seconds: {
    type: 'histogram',
    help: 'Time from append to publish. High: too few workers.',
    buckets: LATENCY_BUCKETS,
  },
  chat_save_seconds: {
    type: 'histogram',
    help: 'Time of one bulk write to the store. High: the store is slow.',
    buckets: LATENCY_BUCKETS,
  },
  chat_save_batch_messages: {
    type: 'histogram',
    help: 'Messages in one bulk write.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  },
  chat_worker_errors_total: {
    type: 'counter',
    help: 'Failed rounds of the worker loops. Rising: Redis or the store is unavailable.',
    labels: { loop: ['read', 'take-over', 'save', 'keep', 'partitions', 'gauges', 'redis-memory'] },
  },
} as const satisfies MetricTable;

export type MessageWorkerMetrics = Metrics<typeof MESSAGE_WORKER_METRICS>;
export type WorkerLoopName = (typeof MESSAGE_WORKER_METRICS.chat_worker_errors_total.labels.loop)[number];
