import type { FanOutMessages, FanOutPublisher } from '@parley/fan-out';
import type { CommittedOffset, LogEntry } from '@parley/message-log';
import { type MessageRecord, toWireMessage } from '@parley/protocol';
import type { MessageWorkerMetrics } from './metrics.ts';

/**
 * Publishes appended messages to the members through all chat servers. Each message is encoded once for the whole cluster, and a
 * batch is one command, regardless of its number of messages, conversations and members.
 */
export class Publisher {
  readonly #fanOut: FanOutPublisher;
  readonly #metrics: MessageWorkerMetrics;

  constructor(fanOut: FanOutPublisher, metrics: MessageWorkerMetrics) {
    this.#fanOut = fanOut;
    this.#metrics = metrics;
  }

  publishMessages(entries: readonly LogEntry[]): void {
    const now = Date.now();
    const items = [...Map.groupBy(entries, ({ message }) => message.conversationId).values()].map(toItem);
    this.#fanOut.publish(items);
    for (const { message } of entries) {
      this.#metrics.chat_publish_delay_seconds.observe(Math.max(0, now - message.createdAtMs) / 1_000);
    }
    this.#metrics.chat_messages_published_total.inc(entries.length);
    this.#metrics.chat_packets_published_total.inc(items.length);
  }

  /** Publishes the committed offsets of conversations as `stored` events; an offset of 0 is left out. */
  publishStored(offsets: readonly CommittedOffset[]): void {
    this.#fanOut.publish(
      offsets.flatMap(({ conversationId, storedSeq: seq, epoch }) =>
        seq > 0 ? [{ kind: 'stored' as const, conversationId, seq, epoch }] : [],
      ),
    );
  }
}

function toItem(entries: readonly LogEntry[]): FanOutMessages {
  const [first] = entries as readonly [LogEntry];
  const seqs = entries.map(({ message }) => message.seq);
  return {
    kind: 'messages',
    conversationId: first.message.conversationId,
    firstSeq: Math.min(...seqs),
    lastSeq: Math.max(...seqs),
    json: entries.map(({ message }) => encode(message)).join(','),
  };
}

/** Leaves out what no rule bounds if the message cannot be encoded: a field could be nested too deeply. */
function encode(message: MessageRecord): string {
  try {
    return JSON.stringify(toWireMessage(message));
  } catch {
    const { id, conversationId, seq, senderId, clientMessageId, kind, createdAtMs } = message;
    return JSON.stringify(toWireMessage({ id, conversationId, seq, senderId, clientMessageId, kind, createdAtMs }));
  }
}
