import type {
  Conversation,
  ConversationId,
  HeadsPacket,
  Message,
  MessagePage,
  MessagesPacket,
  Refused,
  SincePayload,
  SinceReply,
  StoredPacket,
  UserId,
} from '@parley/protocol';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { LOBBY_ID } from '../protocol-constants.ts';
import type { PageRange } from '../rest-client.ts';
import { CatchUp } from './catch-up.ts';
import type { ThreadSnapshot } from './chat-snapshot.ts';
import { Thread } from './thread.ts';

export interface ThreadsOptions {
  readonly myId: UserId;
  readonly fetchPage: (conversationId: ConversationId, range: PageRange) => Promise<MessagePage>;
  readonly fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly outgoing: (conversationId: ConversationId) => readonly OutboxMessage[];
  /** Messages that were not known before, whichever way they came. */
  readonly onMessages: (conversationId: ConversationId, messages: readonly Message[]) => void;
  /** Everything up to there is in the history store. */
  readonly onStored: (conversationId: ConversationId, seq: number) => void;
  /** Conversations that the user may not read any more. */
  readonly onRefused: () => void;
  /** What was known of the conversation does not hold any more. */
  readonly onEpochChange: (conversationId: ConversationId) => void;
  readonly onChange: (change: { conversations?: readonly Conversation[]; threads: Threads['snapshots'] }) => void;
}

/** All conversations of the user, with their messages: what comes live, what is fetched to fill gaps, and older pages. */
export class Threads {
  readonly #options: ThreadsOptions;
  readonly #threads = new Map<ConversationId, Thread>();
  readonly #catchUp: CatchUp;
  #snapshots: ReadonlyMap<ConversationId, ThreadSnapshot> = new Map();
  #openId: ConversationId | null = null;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp({
      gaps: () => this.#gaps(),
      fetch: (payload) => this.fetchSince(payload),
    });
  }

  get snapshots(): ReadonlyMap<ConversationId, ThreadSnapshot> {
    return this.#snapshots;
  }

  has(conversationId: ConversationId): boolean {
    return this.#threads.has(conversationId);
  }

  /** Takes in a conversation, new or changed. */
  put(conversation: Conversation): void {
    this.#put(conversation);
    this.#changed([conversation.id], true);
  }

  /**
   * These are all conversations that there are.
   *
   * @param knownBefore those that were here when they were asked for: what has come since then is not in them yet
   */
  replaceAll(conversations: readonly Conversation[], knownBefore: ReadonlySet<ConversationId>): void {
    const ids = new Set(conversations.map(({ id }) => id));
    for (const id of knownBefore) if (!ids.has(id)) this.#threads.delete(id);
    for (const conversation of conversations) this.#put(conversation);
    this.#changed([...ids], true);
  }

  remove(conversationId: ConversationId): void {
    if (this.#threads.delete(conversationId)) this.#changed([], true);
  }

  /** The conversation that is being looked at counts as read. Loads its newest page if need be. */
  open(conversationId: ConversationId | null): Promise<void> {
    this.#openId = conversationId;
    const thread = conversationId === null ? undefined : this.#threads.get(conversationId);
    if (!conversationId || !thread) return Promise.resolve();
    thread.markRead();
    this.#changed([conversationId]);
    return thread.isLoaded ? Promise.resolve() : this.loadOlder(conversationId);
  }

  /** Loads the page before the first message that is shown. Never rejects: the snapshot tells a failure. */
  async loadOlder(conversationId: ConversationId): Promise<void> {
    const thread = this.#threads.get(conversationId);
    if (!thread) return;
    const messages = await thread.loadOlder(
      (range) => this.#options.fetchPage(conversationId, range),
      () => this.#changed([conversationId]),
      () => this.#options.onEpochChange(conversationId),
    );
    this.#options.onMessages(conversationId, messages);
    if (thread.isBehind) this.#catchUp.soon();
  }

  /** @returns false when the conversation is not known */
  receive({ conversationId, messages }: MessagesPacket): boolean {
    const thread = this.#threads.get(conversationId);
    if (thread) this.#gained(thread, thread.add(messages));
    return thread !== undefined;
  }

  sawStored({ conversationId, seq, epoch }: StoredPacket): void {
    const thread = this.#threads.get(conversationId);
    // One of another epoch says nothing of what is here; the heads will tell of that epoch.
    if (!thread?.isIn(epoch)) return;
    this.#stored(thread, seq);
    if (thread.isBehind) this.#catchUp.soon();
  }

  /**
   * Compares with where the conversations stand in the cluster, and fetches what was missed of them, for all at once: now, or
   * in a moment, where live messages may be on their way.
   */
  compareHeads(heads: HeadsPacket, { when }: { when: 'now' | 'soon' }): void {
    for (const { conversationId, headSeq, storedSeq, epoch } of heads) {
      const thread = this.#threads.get(conversationId);
      if (!thread) continue;
      if (thread.sawEpoch(epoch, headSeq)) this.#restarted(thread);
      thread.log.sawHead(headSeq);
      this.#stored(thread, storedSeq);
    }
    if (when === 'now' || this.#gaps().length > 0) this.#catchUp[when]();
  }

  /**
   * A part of the history, which is merged into what is here. Pages that were overtaken are left out: the conversation began
   * another epoch while they were on their way.
   */
  async fetchSince(payload: SincePayload): Promise<SinceReply | Refused> {
    const logs = new Map([...this.#threads].map(([id, { log }]) => [id, log]));
    const reply = await this.#options.fetchSince(payload);
    if (!reply.ok) return reply;
    const pages = reply.conversations.filter(({ conversationId }) => {
      const log = logs.get(conversationId);
      return log === undefined || log === this.#threads.get(conversationId)?.log;
    });
    for (const { conversationId, messages, headSeq, epoch } of pages) {
      const thread = this.#threads.get(conversationId);
      if (!thread) continue;
      if (thread.sawEpoch(epoch, headSeq)) this.#restarted(thread);
      this.#gained(thread, thread.addFetched(messages, headSeq));
    }
    if (reply.refused) this.#options.onRefused();
    return { ...reply, conversations: pages };
  }

  /** The newest seq that is known of a conversation. */
  headOf(conversationId: ConversationId): number | undefined {
    return this.#threads.get(conversationId)?.log.headSeq;
  }

  /** The messages that are on their way to this conversation have changed. */
  outgoingChanged(conversationId: ConversationId): void {
    this.#changed([conversationId]);
  }

  close(): void {
    this.#catchUp.close();
  }

  #put(conversation: Conversation): void {
    const known = this.#threads.get(conversation.id);
    if (!known) {
      this.#threads.set(conversation.id, new Thread(conversation));
      if (conversation.id === this.#openId) void this.open(conversation.id);
      return;
    }
    known.conversation = conversation;
    known.log.sawHead(conversation.headSeq);
    if (known.isBehind) this.#catchUp.soon();
  }

  #stored(thread: Thread, seq: number): void {
    const { id } = thread.conversation;
    thread.sawStored(seq);
    this.#options.onStored(id, seq);
    this.#changed([id]);
  }

  #restarted({ conversation: { id } }: Thread): void {
    this.#options.onEpochChange(id);
    this.#changed([id], true);
    if (id === this.#openId) void this.open(id);
  }

  #gained(thread: Thread, gained: readonly Message[]): void {
    const conversationId = thread.conversation.id;
    if (thread.isBehind) this.#catchUp.soon();
    if (gained.length === 0) return;
    if (conversationId !== this.#openId) {
      thread.countUnread(gained.filter(({ senderId }) => senderId !== this.#options.myId).length);
    }
    this.#options.onMessages(conversationId, gained);
    this.#changed([conversationId], true);
  }

  #gaps() {
    const behind = [...this.#threads].filter(([, thread]) => thread.isBehind);
    return behind.map(([conversationId, { log }]) => ({ conversationId, afterSeq: log.lastSeq }));
  }

  #changed(conversationIds: readonly ConversationId[], orderToo = false): void {
    const snapshots = new Map(this.#snapshots);
    for (const id of snapshots.keys()) if (!this.#threads.has(id)) snapshots.delete(id);
    for (const id of conversationIds) {
      const thread = this.#threads.get(id);
      if (thread) snapshots.set(id, thread.snapshot(this.#options.outgoing(id)));
    }
    this.#snapshots = snapshots;
    this.#options.onChange({ threads: snapshots, ...(orderToo && { conversations: this.#inOrder() }) });
  }

  #inOrder(): Conversation[] {
    const byActivity = (a: Thread, b: Thread) => (a.activeAt < b.activeAt ? 1 : -1);
    const isLobby = ({ conversation }: Thread) => Number(conversation.id === LOBBY_ID);
    return [...this.#threads.values()]
      .sort((a, b) => isLobby(b) - isLobby(a) || byActivity(a, b))
      .map(({ conversation }) => conversation);
  }
}
