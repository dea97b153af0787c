import type {
  Conversation,
  ConversationId,
  HelloReply,
  Message,
  Receipt,
  ReceiptsPacket,
  TypingPacket,
  UserId,
} from '@parley/protocol';
import type { PacketHandlers } from '../connection/run-socket-session.ts';
import type { Connection } from '../connection.ts';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';
import { PositionReporter } from './position-reporter.ts';
import { type PresenceState, PresenceTracker } from './presence-tracker.ts';
import { ReceiptLoader } from './receipt-loader.ts';
import { isChange } from './timeline.ts';
import { TypingSender } from './typing-sender.ts';
import { TypingUsers } from './typing-users.ts';

export interface SignalsOptions {
  readonly myId: UserId;
  readonly request: Connection['request'];
  readonly fetchReceipts: (conversationId: ConversationId) => Promise<Receipt[]>;
  /** Gets who is typing in a conversation now, without this user. */
  readonly onTyping: (packet: TypingPacket) => void;
  readonly onReceipts: (packet: ReceiptsPacket) => void;
  readonly onPresence: (change: PresenceState) => void;
}

/** What goes to and fro beside the messages, and may be lost: who types, reads, has received, is there, is away. */
export class Signals {
  readonly typing: TypingSender;
  readonly handlers: Pick<PacketHandlers, 'typing' | 'receipts' | 'presence'>;
  readonly #myId: UserId;
  readonly #request: Connection['request'];
  readonly #typingNotices: TypingUsers;
  readonly #receipts: ReceiptLoader;
  readonly #read: PositionReporter;
  readonly #delivered: PositionReporter;
  #isAway = false;
  /** Ends the attempts to say so. */
  #sayingAway = new AbortController();

  constructor(options: SignalsOptions) {
    const { myId, request, fetchReceipts, onTyping, onReceipts, onPresence } = options;
    const presence = new PresenceTracker(onPresence);
    this.#myId = myId;
    this.#request = request;
    this.typing = new TypingSender((payload) => void request('typing', payload));
    this.#typingNotices = new TypingUsers(myId, onTyping);
    this.#receipts = new ReceiptLoader({ fetch: fetchReceipts, onReceipts });
    this.#read = new PositionReporter((reports) => Promise.all(reports.map((report) => request('read', report))));
    this.#delivered = new PositionReporter(async (reports) => {
      const reply = await request('delivered', { cursors: [...reports] });
      return reports.map(() => reply);
    });
    this.handlers = {
      typing: (packet) => this.#typingNotices.observe(packet),
      receipts: onReceipts,
      presence: (packet, isFirst) => presence.observe(packet, isFirst),
    };
  }

  /** Messages have come, in a conversation that is known. */
  arrived({ id, kind }: Conversation, messages: readonly Message[]): void {
    this.#typingNotices.observeMessagesOf(
      id,
      messages.filter((message) => !isChange(message)).map(({ senderId }) => senderId),
    );
    const last = messages.findLast(({ senderId }) => senderId !== this.#myId);
    if (last && (kind === 'direct' || kind === 'group')) this.#delivered.moveTo(id, last.seq);
  }

  read(conversationId: ConversationId, seq: number): void {
    this.#read.moveTo(conversationId, seq);
  }

  opened(conversation: Conversation): void {
    this.#receipts.want(conversation);
  }

  setAway(isAway: boolean): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    void this.#sayAway();
  }

  /** What was known by seq of this conversation does not hold any more. */
  forget(conversationId: ConversationId): void {
    this.#read.forget(conversationId);
    this.#delivered.forget(conversationId);
  }

  /** @param open the conversation that is open */
  connected(heads: HelloReply['heads'], open: Conversation | undefined): void {
    this.disconnected();
    for (const { conversationId, readSeq } of heads) this.#read.observeTold(conversationId, readSeq);
    this.#read.connected();
    this.#delivered.connected();
    if (open) this.#receipts.want(open);
    if (this.#isAway) void this.#sayAway();
  }

  disconnected(): void {
    this.#sayingAway.abort();
    this.typing.forget();
    this.#typingNotices.forget();
    this.#read.disconnected();
    this.#delivered.disconnected();
  }

  close(): void {
    this.#sayingAway.abort();
    this.#typingNotices.close();
    this.#receipts.close();
    this.#read.disconnected();
    this.#delivered.disconnected();
  }

  /** Until the server has heard it, it is another way round, or the connection is gone: each begins with nobody away. */
  async #sayAway(): Promise<void> {
    this.#sayingAway.abort();
    this.#sayingAway = new AbortController();
    const { signal } = this.#sayingAway;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const reply = await this.#request('away', { isAway: this.#isAway });
      if (reply.ok || !reply.retryable) return;
      await pause(Math.max(retryDelayMs(failures), requestedDelayMs(reply.retryAfterMs ?? 0)), signal);
    }
  }
}
