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
import { CatchUp, type Gap } from './catch-up.ts';
import type { ConversationView } from './chat-snapshot.ts';
import { ConversationState } from './conversation-state.ts';
import type { ConversationsOptions } from './conversations-options.ts';
import { OpenConversation } from './open-conversation.ts';

/** All conversations of the user: receives live messages, fetches missed ones, and loads pages of history. */
export class Conversations {
  readonly #options: ConversationsOptions;
  readonly #states = new Map<ConversationId, ConversationState>();
  readonly #catchUp: CatchUp;
  readonly #open: OpenConversation;
  #views: ReadonlyMap<ConversationId, ConversationView> = new Map();
  /** Read markers at the start of the last connection. A conversation without an entry was created after it. */
  #readSeqs: ReadonlyMap<ConversationId, number> | undefined;

  constructor(options: ConversationsOptions) {
    this.#options = options;
    this.#open = new OpenConversation({ states: this.#states, onOpen: options.onOpen, onRead: options.onRead });
    this.#catchUp = new CatchUp({
      gaps: () => this.#gaps(),
      fetch: (payload) => this.fetchSince(payload),
      skip: (conversationId, upToSeq) => {
        const state = this.#states.get(conversationId);
        if (!state) return;
        this.#messagesAdded(state, state.skipGap(upToSeq));
        this.#open.markRead();
        this.#publish([conversationId]);
      },
    });
  }

  get views(): ReadonlyMap<ConversationId, ConversationView> {
    return this.#views;
  }

  get openConversation(): Conversation | undefined {
    return this.#open.state?.conversation;
  }

  /** Returns all conversations, in any order. */
  all(): readonly Conversation[] {
    return [...this.#states.values()].map(({ conversation }) => conversation);
  }

  has(conversationId: ConversationId): boolean {
    return this.#states.has(conversationId);
  }

  /** Adds a conversation or updates its description. */
  put(conversation: Conversation): void {
    this.#addOrUpdate(conversation);
    this.#publish([conversation.id], true);
  }

  /**
   * Replaces the list of conversations.
   *
   * @param knownBefore the conversations known when the list was requested; one that was added since then is kept
   */
  replaceAll(conversations: readonly Conversation[], knownBefore: ReadonlySet<ConversationId>): void {
    const ids = new Set(conversations.map(({ id }) => id));
    for (const id of knownBefore) if (!ids.has(id) && this.#states.delete(id)) this.#options.onRemoved(id);
    for (const conversation of conversations) this.#addOrUpdate(conversation);
    this.#publish([...ids], true);
  }

  remove(conversationId: ConversationId): void {
    if (!this.#states.delete(conversationId)) return;
    this.#options.onRemoved(conversationId);
    this.#publish([], true);
  }

  /** Opens a conversation and loads its newest page. While it is visible its loaded messages count as read. */
  open(conversationId: ConversationId | null): Promise<void> {
    const { id: closedId, state: closed } = this.#open;
    if (closedId !== null && closedId !== conversationId && closed) {
      closed.release();
      this.#publish([closedId]);
    }
    const state = this.#open.open(conversationId);
    if (!conversationId || !state) return Promise.resolve();
    this.#publish([conversationId]);
    return state.hasNoPage ? this.loadOlder(conversationId) : Promise.resolve();
  }

  /** Sets whether the open conversation is visible. */
  setVisible(isVisible: boolean): void {
    if (this.#open.setVisible(isVisible) && this.#open.id) this.#publish([this.#open.id]);
  }

  /** Loads the page before the first loaded message. Never rejects: a failure is in `loadError` of the view. */
  async loadOlder(conversationId: ConversationId, limit?: number): Promise<void> {
    const state = this.#states.get(conversationId);
    if (!state) return;
    const loading = {
      load: (range: PageRange) => this.#options.fetchPage(conversationId, range),
      onChange: () => {
        this.#open.markRead();
        this.#publish([conversationId]);
      },
      onRestart: () => {
        this.#options.onEpochChange(conversationId);
        this.#open.start(state);
      },
    };
    this.#options.onMessages(conversationId, await state.loadOlder(loading, limit));
    if (state.isBehind || state.holes.length > 0) this.#catchUp.soon();
  }

  /** Loads older pages until this message is loaded. @returns whether it is */
  async loadUntil(conversationId: ConversationId, seq: number): Promise<boolean> {
    for (;;) {
      const state = this.#states.get(conversationId);
      if (!state || seq > state.log.lastSeq) return false;
      const { log } = state;
      const { firstSeq } = log;
      if (seq >= firstSeq) return true;
      await this.loadOlder(conversationId, MAX_PAGE_MESSAGES);
      if (state.log === log && log.firstSeq >= firstSeq) return false;
    }
  }

  /** @returns false if the conversation is not known */
  receive({ conversationId, messages }: MessagesPacket): boolean {
    const state = this.#states.get(conversationId);
    if (state) this.#messagesAdded(state, state.add(messages));
    return state !== undefined;
  }

  observeStored({ conversationId, seq, epoch }: StoredPacket): void {
    const state = this.#states.get(conversationId);
    // A packet of another epoch does not apply to the loaded messages. The next heads report the new epoch.
    if (!state?.isIn(epoch)) return;
    this.#storedUpTo(state, seq);
    if (state.isBehind) this.#catchUp.soon();
  }

  typingChanged({ conversationId, userIds }: TypingPacket): void {
    const state = this.#states.get(conversationId);
    if (!state) return;
    state.typing = userIds;
    this.#publish([conversationId]);
  }

  observeReceipts({ conversationId, readers }: ReceiptsPacket): void {
    if (this.#states.get(conversationId)?.observeReceipts(readers)) this.#publish([conversationId]);
  }

  /** Records the user's read markers, which the server reports at the start of a connection. */
  observeReadSeqs(heads: HelloReply['heads']): void {
    this.#readSeqs = new Map(heads.map(({ conversationId, readSeq }) => [conversationId, readSeq]));
    for (const [conversationId, readSeq] of this.#readSeqs) this.#states.get(conversationId)?.observeReadSeq(readSeq);
    this.#publish([...this.#readSeqs.keys()]);
  }

  /**
   * Compares the heads in the cluster with the loaded messages and fetches the missed ones. `soon` waits a moment first,
   * because live messages may be on their way.
   */
  compareHeads(heads: HeadsPacket, { when }: { when: 'now' | 'soon' }): void {
    for (const { conversationId, headSeq, storedSeq, epoch } of heads) {
      const state = this.#states.get(conversationId);
      if (!state) continue;
      if (state.observeEpoch(epoch, headSeq)) this.#epochStarted(state);
      state.log.observeHead(headSeq);
      this.#storedUpTo(state, storedSeq);
    }
    if (when === 'now' || this.#gaps().length > 0) this.#catchUp[when]();
  }

  /**
   * Fetches messages after the given cursors and merges them. The reply omits pages of a conversation whose epoch changed
   * during the request.
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
      if (state.observeEpoch(epoch, headSeq)) this.#epochStarted(state);
      this.#messagesAdded(state, state.addFetched(messages, headSeq));
    }
    if (reply.refused) this.#options.onRefused();
    return { ...reply, conversations: pages };
  }

  /** Returns the newest known seq of a conversation. */
  headOf(conversationId: ConversationId): number | undefined {
    return this.#states.get(conversationId)?.log.headSeq;
  }

  /** Updates the view after a change of the outgoing messages. */
  outgoingChanged(conversationId: ConversationId): void {
    this.#publish([conversationId]);
  }

  close(): void {
    this.#catchUp.close();
  }

  #addOrUpdate(conversation: Conversation): void {
    const known = this.#states.get(conversation.id);
    if (!known) {
      const readSeq = this.#readSeqs && (this.#readSeqs.get(conversation.id) ?? 0);
      const { myId, maxMessages } = this.#options;
      const state = new ConversationState(conversation, { myId, readSeq, maxMessages });
      this.#states.set(conversation.id, state);
      if (conversation.id === this.#open.id) void this.open(conversation.id);
      if (state.isBehind) this.#catchUp.soon();
      return;
    }
    known.describe(conversation);
    if (known.isBehind) this.#catchUp.soon();
  }

  #storedUpTo(state: ConversationState, seq: number): void {
    const { id } = state.conversation;
    state.observeStored(seq);
    this.#options.onStored(id, seq);
    this.#publish([id]);
  }

  #epochStarted({ conversation: { id } }: ConversationState): void {
    this.#options.onEpochChange(id);
    this.#publish([id], true);
    if (id === this.#open.id) void this.open(id);
  }

  #messagesAdded(state: ConversationState, added: readonly Message[]): void {
    const conversationId = state.conversation.id;
    if (state.isBehind) this.#catchUp.soon();
    if (added.length === 0) return;
    this.#open.markRead();
    this.#options.onMessages(conversationId, added);
    this.#options.onArrived(state.conversation, added);
    this.#publish([conversationId], true);
  }

  #gaps(): Gap[] {
    return [...this.#states].flatMap(([conversationId, { log, isBehind, holes }]) => [
      ...(isBehind ? [{ conversationId, afterSeq: log.lastSeq, isHole: false }] : []),
      ...holes.map(({ firstSeq }) => ({ conversationId, afterSeq: firstSeq - 1, isHole: true })),
    ]);
  }

  #publish(conversationIds: readonly ConversationId[], orderChanged = false): void {
    const views = new Map(this.#views);
    for (const id of views.keys()) if (!this.#states.has(id)) views.delete(id);
    for (const id of conversationIds) {
      const state = this.#states.get(id);
      if (state) views.set(id, state.view(this.#options.outgoing(id)));
    }
    this.#views = views;
    this.#options.onChange({
      views,
      ...(orderChanged && { conversations: orderConversations(this.#states.values()) }),
    });
  }
}

/** Sorts the lobby first, then by newest activity. */
function orderConversations(states: Iterable<ConversationState>): Conversation[] {
  const byActivity = (a: ConversationState, b: ConversationState) => (a.activeAt < b.activeAt ? 1 : -1);
  const isLobby = ({ conversation }: ConversationState) => Number(conversation.id === LOBBY_ID);
  return [...states]
    .sort((a, b) => isLobby(b) - isLobby(a) || byActivity(a, b))
    .map(({ conversation }) => conversation);
}
