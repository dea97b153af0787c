import type { LogEntry, StoredMark } from '@parley/message-log';
import {
  type ConversationId,
  type Message,
  type Seq,
  type ServerToClientEvents,
  toWireMessage,
} from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { Emitter } from '@socket.io/redis-emitter';
import type { MessageWorkerMetrics } from './metrics.ts';

/**
 * Sends what was accepted to the members, through the chat servers' adapter: one packet for each conversation and batch,
 * whatever the number of messages and members.
 *
 * The emitter drops its promises, so its connection must be a `patient` one, which sends everything once Redis is back.
 */
export class Publisher {
  readonly #emitter: Emitter<ServerToClientEvents>;
  readonly #metrics: MessageWorkerMetrics;

  constructor(patient: RedisConnection, metrics: MessageWorkerMetrics) {
    this.#emitter = new Emitter(patient);
    this.#metrics = metrics;
  }

  publishMessages(entries: readonly LogEntry[]): void {
    const byConversation = new Map<ConversationId, Message[]>();
    const now = Date.now();
    for (const { message } of entries) {
      const messages = byConversation.get(message.conversationId);
      if (messages) messages.push(toWireMessage(message));
      else byConversation.set(message.conversationId, [toWireMessage(message)]);
      this.#metrics.chat_publish_delay_seconds.observe(Math.max(0, now - message.createdAtMs) / 1_000);
    }
    for (const [conversationId, messages] of byConversation) {
      this.#emitter.to(conversationId).emit('messages', { conversationId, messages });
    }
    this.#metrics.chat_messages_published_total.inc(entries.length);
    this.#metrics.chat_packets_published_total.inc(byConversation.size);
  }

  /** Tells the members up to where their conversations are stored; 0 = nothing is. */
  publishStored(marks: readonly StoredMark[]): void {
    for (const { conversationId, storedSeq, epoch } of marks) {
      if (storedSeq > 0)
        this.#emitter.to(conversationId).emit('stored', { conversationId, seq: storedSeq as Seq, epoch });
    }
  }
}
