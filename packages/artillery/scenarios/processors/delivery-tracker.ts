import { ConversationTracker, type Reply } from '@parley/load-kit/clients';
import { hashOf } from '@parley/load-kit/events';
import type { MessagesPacket, SinceReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import { eventFile } from './event-file.ts';
import { count, nowMs, observe, recordFailure, recordSuccess } from './measure.ts';
import { type DeliveredMessages, readPacket } from './read-packet.ts';
import { sentAtMs } from './stamp.ts';

const LIVE_DEADLINE_MS = 10_000;
const CATCH_UP_DEADLINE_MS = 60_000;
const RETRY_MS = 250;
const POLL_INTERVAL_MS = 20;

/** Counts the deliveries of all conversations to one user. */
export class DeliveryTracker {
  readonly #client: string;
  readonly #fetch: (payload: object) => Promise<Reply<SinceReply>>;
  readonly #conversations = new Map<string, ConversationTracker>();
  #catchingUp: Promise<void> | undefined;

  /** @param fetch sends a `messages:since` request */
  constructor(client: string, fetch: (payload: object) => Promise<Reply<SinceReply>>) {
    this.#client = client;
    this.#fetch = fetch;
  }

  get isComplete(): boolean {
    return this.#behind.length === 0;
  }

  /** Processes a `messages` packet. */
  receive(packet: MessagesPacket): void {
    const receivedAtMs = nowMs();
    const delivered = readPacket(packet);
    for (const message of delivered.messages) {
      const seenAs = this.#see(delivered.conversationId, message, 'live');
      if (seenAs === 'repeated') count('repeated');
      if (seenAs === 'first-but-late') count('out_of_order');
      if (seenAs === 'repeated' || seenAs === 'known') continue;
      count('delivered');
      const sentAt = sentAtMs(message.text);
      if (sentAt === undefined) continue; // not sent by a virtual user
      observe('delivery_ms', receivedAtMs - sentAt);
      recordSuccess('messages (delivery)', receivedAtMs - sentAt, delivered.bytes / delivered.messages.length);
    }
  }

  /** Processes the heads of conversations. */
  extend(heads: readonly { conversationId: string; headSeq: number }[]): void {
    for (const { conversationId, headSeq } of heads) this.#trackerOf(conversationId, headSeq + 1).extendTo(headSeq);
  }

  /** Processes the ack of the user's own message. */
  acked(conversationId: string, seq: number, clientMessageId: string): void {
    this.#trackerOf(conversationId, seq).acked(seq, clientMessageId);
  }

  /** Waits for messages in flight, fetches those that did not arrive, and counts those that cannot be fetched. */
  async settle(): Promise<void> {
    const deadline = nowMs() + LIVE_DEADLINE_MS;
    while (!this.isComplete && nowMs() < deadline) await pause(POLL_INTERVAL_MS);
    count(
      'missed_live',
      this.#sum(({ missing }) => missing),
    );
    await this.catchUp();
    const lost = this.#sum(({ missing }) => missing);
    const wrong = this.#sum(({ wrongPosition }) => wrongPosition);
    count('lost', lost);
    count('wrong_seq', wrong);
    if (lost > 0) recordFailure('messages (delivery)', 'LOST');
    if (lost === 0 && wrong === 0) eventFile.hasEverything(this.#client);
  }

  /** Fetches all messages that are known to be missing. */
  async catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = undefined;
    });
    await this.#catchingUp;
  }

  get #behind() {
    return [...this.#conversations].filter(([, tracker]) => !tracker.isComplete);
  }

  #sum(of: (tracker: ConversationTracker) => number): number {
    return [...this.#conversations.values()].reduce((sum, tracker) => sum + of(tracker), 0);
  }

  /** Tracking starts at the first message seen. With `--chaos` it starts at 1, because the checker needs all messages. */
  #trackerOf(conversationId: string, nextSeq: number): ConversationTracker {
    const tracker =
      this.#conversations.get(conversationId) ?? new ConversationTracker(eventFile.isOn ? 0 : nextSeq - 1);
    this.#conversations.set(conversationId, tracker);
    return tracker;
  }

  #see(conversationId: string, message: DeliveredMessages['messages'][number], how: 'live' | 'page') {
    const { id, seq, senderId, clientMessageId, text } = message;
    if (eventFile.isOn) {
      const shown = { conversationId, id, seq, senderId, clientMessageId, textHash: hashOf(text) };
      eventFile.add({ type: 'seen', client: this.#client, how, ...shown });
    }
    return this.#trackerOf(conversationId, seq).see(seq, clientMessageId, how);
  }

  async #catchUp(): Promise<void> {
    const deadline = nowMs() + CATCH_UP_DEADLINE_MS;
    while (!this.isComplete && nowMs() < deadline) {
      const cursors = this.#behind.map(([conversationId, { upTo }]) => ({ conversationId, afterSeq: upTo }));
      const reply = await this.#fetch({ cursors });
      const pages = reply.ok ? reply.conversations : [];
      for (const { conversationId, messages } of pages) {
        for (const message of messages) this.#see(conversationId, message, 'page');
      }
      if (pages.every(({ messages }) => messages.length === 0)) await pause(RETRY_MS);
    }
  }
}
