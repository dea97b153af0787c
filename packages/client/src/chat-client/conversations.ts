import type {
  Conversation,
  ConversationId,
  HeadsPacket,
  HelloReply,
  Message,
  MessagesPacket,
  ReceiptsPacket,
  Refused,
  SincePayload,
  SinceReply,
  StoredPacket,
  TypingPacket,
} from '@parley/protocol';
import { LOBBY_ID, MAX_PAGE_MESSAGES } from '@parley/protocol/constants';
import type { PageRange } from '../rest-client.ts';
import { CatchUp } from './catch-up.ts';
import type { ConversationView } from './chat-snapshot.ts';
import { ConversationState } from './conversation-state.ts';
import type { ConversationsOptions } from './conversations-options.ts';
import { OpenConversation } from './open-conversation.ts';

/** All conversations of the user, with their messages: what comes live, what is fetched to fill gaps, and older pages. */
export class Conversations {
  readonly #options: ConversationsOptions;
  readonly #states = new Map<ConversationId, ConversationState>();
  readonly #catchUp: CatchUp;
  readonly #open: OpenConversation;
  #views: ReadonlyMap<ConversationId, ConversationView> = new Map();
  /** How far the user had read when the last connection began; those that are not in it are newer. */
  #readSeqs: ReadonlyMap<ConversationId, number> | undefined;

  constructor(options: ConversationsOptions) {
    this.#options = options;
    this.#open = new OpenConversation({ states: this.#states, onOpen: options.onOpen, onRead: options.onRead });
    this.#catchUp = new CatchUp({
      gaps: () => this.#gaps(),
      fetch: (payload) => this.fetchSince(payload),
    });
  }

  get views(): ReadonlyMap<ConversationId, ConversationView> {
    return this.#views;
  }

  get openConversation(): Conversation | undefined {
    return this.#open.state?.conversation;
  }

  has(conversationId: ConversationId): boolean {
    return this.#states.has(conversationId);
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
    for (const id of knownBefore) if (!ids.has(id)) this.#states.delete(id);
    for (const conversation of conversations) this.#put(conversation);
    this.#changed([...ids], true);
  }

  remove(conversationId: ConversationId): void {
    if (this.#states.delete(conversationId)) this.#changed([], true);
  }

  /** While it is looked at, what is here of the open conversation counts as read. Loads its newest page if need be. */
  open(conversationId: ConversationId | null): Promise<void> {
    const state = this.#open.open(conversationId);
    if (!conversationId || !state) return Promise.resolve();
    this.#changed([conversationId]);
    return state.lacksPage ? this.loadOlder(conversationId) : Promise.resolve();
  }

  /** Nothing counts as read while nobody looks. */
  setVisible(isVisible: boolean): void {
    if (this.#open.setVisible(isVisible) && this.#open.id) this.#changed([this.#open.id]);
  }

  /** Loads the page before the first message that is shown. Never rejects: the snapshot tells a failure. */
  async loadOlder(conversationId: ConversationId, limit?: number): Promise<void> {
    const state = this.#states.get(conversationId);
    if (!state) return;
    const loading = {
      load: (range: PageRange) => this.#options.fetchPage(conversationId, range),
      onChange: () => {
        this.#open.read();
        this.#changed([conversationId]);
      },
      onRestart: () => {
        this.#options.onEpochChange(conversationId);
        this.#open.begin(state);
      },
    };
    this.#options.onMessages(conversationId, await state.loadOlder(loading, limit));
    if (state.isBehind) this.#catchUp.soon();
  }

  /** Loads older pages until this message is there. @returns whether it is */
  async loadUntil(conversationId: ConversationId, seq: number): Promise<boolean> {
    for (;;) {
      const state = this.#states.get(conversationId);
      if (!state || seq > state.log.lastSeq) return false;
      const { log } = state;
      const { firstSeq } = log;
      if (seq >= firstSeq) return true;
      await this.loadOlder(conversationId, MAX_PAGE_MESSAGES);
      if (state.log === log && log.firstSeq === firstSeq) return false;
    }
  }

  /** @returns false when the conversation is not known */
  receive({ conversationId, messages }: MessagesPacket): boolean {
    const state = this.#states.get(conversationId);
    if (state) this.#gained(state, state.add(messages));
    return state !== undefined;
  }

  observeStored({ conversationId, seq, epoch }: StoredPacket): void {
    const state = this.#states.get(conversationId);
    // One of another epoch says nothing of what is here; the heads will tell of that epoch.
    if (!state?.isIn(epoch)) return;
    this.#stored(state, seq);
    if (state.isBehind) this.#catchUp.soon();
  }

  typingChanged({ conversationId, userIds }: TypingPacket): void {
    const state = this.#states.get(conversationId);
    if (!state) return;
    state.typing = userIds;
    this.#changed([conversationId]);
  }

  observeReceipts({ conversationId, readers }: ReceiptsPacket): void {
    if (this.#states.get(conversationId)?.observeReceipts(readers)) this.#changed([conversationId]);
  }

  /** A connection begins: this is how far the user has read everywhere, on whichever device. */
  observeReadSeqs(heads: HelloReply['heads']): void {
    this.#readSeqs = new Map(heads.map(({ conversationId, readSeq }) => [conversationId, readSeq]));
    for (const [conversationId, readSeq] of this.#readSeqs) this.#states.get(conversationId)?.observeReadSeq(readSeq);
    this.#changed([...this.#readSeqs.keys()]);
  }

  /**
   * Compares with where the conversations stand in the cluster, and fetches what was missed of them, for all at once: now, or
   * in a moment, where live messages may be on their way.
   */
  compareHeads(heads: HeadsPacket, { when }: { when: 'now' | 'soon' }): void {
    for (const { conversationId, headSeq, storedSeq, epoch } of heads) {
      const state = this.#states.get(conversationId);
      if (!state) continue;
      if (state.observeEpoch(epoch, headSeq)) this.#restarted(state);
      state.log.observeHead(headSeq);
      this.#stored(state, storedSeq);
    }
    if (when === 'now' || this.#gaps().length > 0) this.#catchUp[when]();
  }

  /**
   * A part of the history, which is merged into what is here. Pages that were overtaken are left out: the conversation began
   * another epoch while they were on their way.
   */
  async fetchSince(payload: SincePayload): Promise<SinceReply | Refused> {
    const logs = new Map([...this.#states].map(([id, { log }]) => [id, log]));
    const reply = await this.#options.fetchSince(payload);
    if (!reply.ok) return reply;
    const pages = reply.conversations.filter(({ conversationId }) => {
      const log = logs.get(conversationId);
      return log === undefined || log === this.#states.get(conversationId)?.log;
    });
    for (const { conversationId, messages, headSeq, epoch } of pages) {
      const state = this.#states.get(conversationId);
      if (!state) continue;
      if (state.observeEpoch(epoch, headSeq)) this.#restarted(state);
      this.#gained(state, state.addFetched(messages, headSeq));
    }
    if (reply.refused) this.#options.onRefused();
    return { ...reply, conversations: pages };
  }

  /** The newest seq that is known of a conversation. */
  headOf(conversationId: ConversationId): number | undefined {
    return this.#states.get(conversationId)?.log.headSeq;
  }

  /** The messages that are on their way to this conversation have changed. */
  outgoingChanged(conversationId: ConversationId): void {
    this.#changed([conversationId]);
  }

  close(): void {
    this.#catchUp.close();
  }

  #put(conversation: Conversation): void {
    const known = this.#states.get(conversation.id);
    if (!known) {
      const readSeq = this.#readSeqs && (this.#readSeqs.get(conversation.id) ?? 0);
      const state = new ConversationState(conversation, this.#options.myId, readSeq);
      this.#states.set(conversation.id, state);
      if (conversation.id === this.#open.id) void this.open(conversation.id);
      if (state.isBehind) this.#catchUp.soon();
      return;
    }
    known.conversation = conversation;
    known.log.observeHead(conversation.headSeq);
    if (known.isBehind) this.#catchUp.soon();
  }

  #stored(state: ConversationState, seq: number): void {
    const { id } = state.conversation;
    state.observeStored(seq);
    this.#options.onStored(id, seq);
    this.#changed([id]);
  }

  #restarted({ conversation: { id } }: ConversationState): void {
    this.#options.onEpochChange(id);
    this.#changed([id], true);
    if (id === this.#open.id) void this.open(id);
  }

  #gained(state: ConversationState, gained: readonly Message[]): void {
    const conversationId = state.conversation.id;
    if (state.isBehind) this.#catchUp.soon();
    if (gained.length === 0) return;
    this.#open.read();
    this.#options.onMessages(conversationId, gained);
    this.#options.onArrived(state.conversation, gained);
    this.#changed([conversationId], true);
  }

  #gaps() {
    const behind = [...this.#states].filter(([, state]) => state.isBehind);
    return behind.map(([conversationId, { log }]) => ({ conversationId, afterSeq: log.lastSeq }));
  }

  #changed(conversationIds: readonly ConversationId[], orderToo = false): void {
    const views = new Map(this.#views);
    for (const id of views.keys()) if (!this.#states.has(id)) views.delete(id);
    for (const id of conversationIds) {
      const state = this.#states.get(id);
      if (state) views.set(id, state.snapshot(this.#options.outgoing(id)));
    }
    this.#views = views;
    this.#options.onChange({
      views: views,
      ...(orderToo && { conversations: orderConversations(this.#states.values()) }),
    });
  }
}

/** The lobby first, then by the newest activity. */
function orderConversations(states: Iterable<ConversationState>): Conversation[] {
  const byActivity = (a: ConversationState, b: ConversationState) => (a.activeAt < b.activeAt ? 1 : -1);
  const isLobby = ({ conversation }: ConversationState) => Number(conversation.id === LOBBY_ID);
  return [...states]
    .sort((a, b) => isLobby(b) - isLobby(a) || byActivity(a, b))
    .map(({ conversation }) => conversation);
}
