import { hashOf } from '@parley/load-kit/events';
import type { MessagesPacket, SinceReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { Answer } from './ask.ts';
import { journal } from './journal.ts';
import { count, failed, nowMs, observe, succeeded } from './measure.ts';
import { type DeliveredMessages, readPacket } from './read-packet.ts';
import { sentAtMs } from './stamp.ts';
import { Thread } from './thread.ts';

const LIVE_DEADLINE_MS = 10_000;
const CATCH_UP_DEADLINE_MS = 60_000;
const RETRY_MS = 250;
const LOOK_EVERY_MS = 20;

/** What one user is shown of all its conversations, counted. */
export class Inbox {
  readonly #client: string;
  readonly #fetch: (payload: object) => Promise<Answer<SinceReply>>;
  readonly #threads = new Map<string, Thread>();
  #catchingUp: Promise<void> | undefined;

  /** @param fetch asks `messages:since` */
  constructor(client: string, fetch: (payload: object) => Promise<Answer<SinceReply>>) {
    this.#client = client;
    this.#fetch = fetch;
  }

  get isComplete(): boolean {
    return this.#behind.length === 0;
  }

  /** A packet came. */
  receive(packet: MessagesPacket): void {
    const receivedAtMs = nowMs();
    const delivered = readPacket(packet);
    for (const message of delivered.messages) {
      const sighting = this.#see(delivered.conversationId, message, 'live');
      if (sighting === 'repeated') count('repeated');
      if (sighting === 'first-but-late') count('out_of_order');
      if (sighting === 'repeated' || sighting === 'known') continue;
      count('delivered');
      const sentAt = sentAtMs(message.text);
      if (sentAt === undefined) continue; // somebody else's
      observe('delivery_ms', receivedAtMs - sentAt);
      succeeded('messages (delivery)', receivedAtMs - sentAt, delivered.bytes / delivered.messages.length);
    }
  }

  /** The server says how far the conversations are. */
  compare(heads: readonly { conversationId: string; headSeq: number }[]): void {
    for (const { conversationId, headSeq } of heads) this.#threadOf(conversationId, headSeq + 1).reachesTo(headSeq);
  }

  /** The user's own message was acked. */
  acked(conversationId: string, seq: number, clientMessageId: string): void {
    this.#threadOf(conversationId, seq).acked(seq, clientMessageId);
  }

  /** Gives what is on its way time to come, fetches what did not come, and counts what can't be had. */
  async settle(): Promise<void> {
    const deadline = nowMs() + LIVE_DEADLINE_MS;
    while (!this.isComplete && nowMs() < deadline) await pause(LOOK_EVERY_MS);
    count(
      'missed_live',
      this.#sum(({ missing }) => missing),
    );
    await this.catchUp();
    const lost = this.#sum(({ missing }) => missing);
    const wrong = this.#sum(({ misplaced }) => misplaced);
    count('lost', lost);
    count('wrong_place', wrong);
    if (lost > 0) failed('messages (delivery)', 'LOST');
    if (lost === 0 && wrong === 0) journal.hasEverything(this.#client);
  }

  /** Fetches what is known to be missing. */
  async catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = undefined;
    });
    await this.#catchingUp;
  }

  get #behind() {
    return [...this.#threads].filter(([, thread]) => !thread.isComplete);
  }

  #sum(of: (thread: Thread) => number): number {
    return [...this.#threads.values()].reduce((sum, thread) => sum + of(thread), 0);
  }

  /** A conversation begins where it is first seen; for the checker, which wants to know of everything, at its beginning. */
  #threadOf(conversationId: string, nextSeq: number): Thread {
    const thread = this.#threads.get(conversationId) ?? new Thread(journal.isOn ? 0 : nextSeq - 1);
    this.#threads.set(conversationId, thread);
    return thread;
  }

  #see(conversationId: string, message: DeliveredMessages['messages'][number], how: 'live' | 'page') {
    const { id, seq, senderId, clientMessageId, text } = message;
    if (journal.isOn) {
      const shown = { conversationId, id, seq, senderId, clientMessageId, textHash: hashOf(text) };
      journal.add({ type: 'seen', client: this.#client, how, ...shown });
    }
    return this.#threadOf(conversationId, seq).see(seq, clientMessageId, how);
  }

  async #catchUp(): Promise<void> {
    const deadline = nowMs() + CATCH_UP_DEADLINE_MS;
    while (!this.isComplete && nowMs() < deadline) {
      const cursors = this.#behind.map(([conversationId, { upTo }]) => ({ conversationId, afterSeq: upTo }));
      const answer = await this.#fetch({ cursors });
      const pages = answer.ok ? answer.conversations : [];
      for (const { conversationId, messages } of pages) {
        for (const message of messages) this.#see(conversationId, message, 'page');
      }
      if (pages.every(({ messages }) => messages.length === 0)) await pause(RETRY_MS);
    }
  }
}
