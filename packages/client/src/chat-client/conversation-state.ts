import type { Conversation, Message, MessagePage, Receipt, UserId } from '@parley/protocol';
import { isPlaceholder, MAX_PAGE_MESSAGES } from '@parley/protocol/constants';
import type { ConversationLog, SeqRange } from '../conversation-log.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { ParleyError, unavailableError } from '../parley-error.ts';
import type { ConversationView } from './chat-snapshot.ts';
import { EpochState } from './epoch-state.ts';
import { isChange } from './timeline.ts';

/** Messages per page of history. */
const PAGE_MESSAGES = 50;

/** A page of mostly edits and reactions adds few timeline entries. More pages are loaded until there are this many. */
const MIN_NEW_ENTRIES = 20;

/** Upper bound on the pages loaded in one call. */
const MAX_PAGES = 10;

/** Maximum number of times that a page is requested again because the epoch changed during the request. */
const MAX_RESTARTS = 3;

/** How a conversation loads pages of history. */
export interface PageLoading {
  readonly load: (range: { before: number; limit: number }) => Promise<MessagePage>;
  /** Called when `isLoadingOlder` or `loadError` of the view changed. */
  readonly onChange: () => void;
  /** Called when a page belongs to a new epoch. */
  readonly onRestart: () => void;
}

export interface ConversationStateOptions {
  readonly myId: UserId;
  /** The user's read marker; undefined if it is not known yet. */
  readonly readSeq?: number | undefined;
  /** The number of messages to keep loaded. */
  readonly maxMessages: number;
}

/**
 * The mutable state behind one `ConversationView`: description, log, timeline, read marker, receipts and typing users.
 *
 * ## Known epoch
 * An `EpochState` holds everything that is identified by seq. Live messages extend its log at the end, and pages of
 * history extend it at the front.
 *
 * ## New epoch
 * `observeEpoch` with another epoch discards the `EpochState`, because the same seqs may now belong to other messages. The
 * log starts again at the head, with no page loaded.
 *
 * ## Behind
 * `isBehind` is true while the log has a gap, or after a live message had a different id from the loaded message with the same
 * seq. The second case means that the epoch may have changed. Both end with the next `addFetched`, or with `skipGap`.
 */
export class ConversationState {
  conversation: Conversation;
  /** The other users who are typing. */
  typing: readonly UserId[] = [];
  readonly #options: ConversationStateOptions;
  /** Replaced in each epoch, and when the read marker becomes known before anything was loaded. */
  #epochState: EpochState;
  #epoch: string | undefined;
  #hasConflict = false;
  #storedSeq = 0;
  #loading: Promise<readonly Message[]> | undefined;
  #loadError: ParleyError | null = null;

  constructor(conversation: Conversation, options: ConversationStateOptions) {
    this.conversation = conversation;
    this.#options = options;
    this.#epochState = this.#newEpochState(conversation.headSeq, options.readSeq);
  }

  /** Replaced in each epoch. */
  get log(): ConversationLog {
    return this.#epochState.log;
  }

  /** Time of the newest message, ISO 8601. */
  get activeAt(): string {
    return this.log.at(this.log.lastSeq)?.createdAt ?? this.conversation.createdAt;
  }

  /** Whether the newest page is loaded. */
  get isLoaded(): boolean {
    return this.#epochState.isLoaded;
  }

  /** Whether the conversation has history, but no page of it is loaded yet. */
  get hasNoPage(): boolean {
    return !this.#epochState.hasPage;
  }

  get hasOlder(): boolean {
    return this.#epochState.hasOlder;
  }

  get unread(): number {
    return this.#epochState.marker.unread(this.log);
  }

  /** Whether newer messages must be fetched. */
  get isBehind(): boolean {
    return this.log.hasGap || this.#hasConflict;
  }

  /**
   * Records the current epoch of the conversation. Discards the loaded messages if the epoch is a new one.
   *
   * @returns whether the loaded messages were discarded
   */
  observeEpoch(epoch: string, headSeq: number): boolean {
    // Before the first known epoch, a head below the loaded messages is the only sign that they belong to an earlier epoch.
    const isSame = this.#epoch === undefined ? headSeq >= this.log.lastSeq : epoch === this.#epoch;
    this.#epoch = epoch;
    if (!isSame) this.#discard(headSeq);
    return !isSame;
  }

  /** Whether `epoch` is the known epoch. */
  isIn(epoch: string): boolean {
    return epoch === this.#epoch;
  }

  /** Adds messages that were fetched after the last loaded message, in the known epoch. @returns the newly loaded messages */
  addFetched(messages: readonly Message[], headSeq: number): readonly Message[] {
    this.#hasConflict = false;
    this.log.observeHead(headSeq);
    return this.add(messages);
  }

  /** Adds newer messages. @returns the newly loaded messages */
  add(messages: readonly Message[]): readonly Message[] {
    if (this.log.conflictsWith(messages)) this.#hasConflict = true;
    const added = this.#epochState.add(messages);
    this.#trim();
    return added;
  }

  /** The ranges whose messages the cluster did not return. */
  get holes(): readonly SeqRange[] {
    return this.log.holes;
  }

  /**
   * Stops waiting for the messages of the gap and shows those behind it, if there are any. The gap becomes a hole, as do all
   * others before `upToSeq`.
   *
   * @returns the newly loaded messages
   */
  skipGap(upToSeq: number): readonly Message[] {
    const added: Message[] = [];
    for (let isDone = false; !isDone; ) {
      const behind = this.#epochState.skipGap();
      added.push(...behind);
      isDone = behind.length === 0 || this.log.lastSeq >= upToSeq;
    }
    this.#trim();
    return added;
  }

  /** Lets messages go that were loaded as pages of history, because the user has left the conversation. */
  release(): void {
    if (!this.#loading) this.#epochState.release();
  }

  /** Sets `firstUnreadSeq` of the view to the first message that is unread now. */
  open(): void {
    this.#epochState.marker.open(this.log);
  }

  /** Marks all loaded messages as read. @returns the new read seq */
  markRead(): number {
    this.#epochState.marker.read(this.log.lastSeq, this.log);
    return this.log.lastSeq;
  }

  /** Records the read marker that the cluster reports, which another device may have moved. */
  observeReadSeq(readSeq: number): void {
    const { marker, isUntouched } = this.#epochState;
    if (marker.isKnown || !isUntouched || this.#loading) marker.learn(readSeq, this.log);
    else this.#epochState = this.#newEpochState(this.log.headSeq, readSeq);
  }

  /** @returns whether a receipt moved */
  observeReceipts(readers: readonly Receipt[]): boolean {
    return this.#epochState.receipts.merge(readers);
  }

  /** Replaces the description of the conversation. */
  describe(conversation: Conversation): void {
    this.conversation = conversation;
    this.#epochState.receipts.retain(new Set(conversation.members.map(({ id }) => id)));
    this.log.observeHead(conversation.headSeq);
  }

  observeStored(seq: number): void {
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    this.log.observeHead(seq);
  }

  /**
   * Loads the page before the first loaded message and returns its messages. Concurrent calls share one request. Never
   * rejects: a failure is in `loadError` of the view.
   */
  loadOlder(loading: PageLoading, limit = PAGE_MESSAGES): Promise<readonly Message[]> {
    if (!this.hasOlder) return Promise.resolve([]);
    this.#loading ??= this.#loadPages(loading, limit).finally(() => {
      this.#loading = undefined;
      loading.onChange();
    });
    loading.onChange();
    return this.#loading;
  }

  view(outgoing: readonly OutboxMessage[]): ConversationView {
    const { log, timeline, marker, receipts, isLoaded, hasOlder } = this.#epochState;
    const { myId } = this.#options;
    const isPending = ({ clientMessageId, seq }: OutboxMessage) =>
      !timeline.displays(myId, clientMessageId) && (seq === undefined || seq > log.lastSeq || log.isMissing(seq));
    return {
      messages: log.messages,
      firstSeq: log.firstSeq,
      timeline: timeline.entries,
      firstTimelineIndex: timeline.firstIndex,
      holes: log.holes,
      pending: outgoing.filter(isPending),
      storedSeq: this.#storedSeq,
      isLoaded,
      hasOlder,
      isLoadingOlder: this.#loading !== undefined,
      loadError: this.#loadError,
      unread: this.unread,
      firstUnreadSeq: marker.firstUnreadSeq(log),
      receipts: receipts.seqs,
      typing: this.typing,
    };
  }

  #newEpochState(headSeq: number, readSeq: number | undefined): EpochState {
    const { myId, maxMessages } = this.#options;
    return new EpochState({ myId, headSeq, readSeq, maxMessages });
  }

  /** A page that is being loaded must still join the first message when it arrives. */
  #trim(): void {
    if (!this.#loading) this.#epochState.trim();
  }

  #discard(headSeq: number): void {
    const { marker } = this.#epochState;
    this.#epochState = this.#newEpochState(headSeq, marker.isKnown ? marker.seq : undefined);
    this.#hasConflict = false;
    this.#storedSeq = 0;
  }

  async #loadPages(loading: PageLoading, limit: number): Promise<readonly Message[]> {
    let messages = await this.#loadPage(loading, limit);
    const { log } = this;
    for (let pages = 1; pages < MAX_PAGES && this.#needsMore(messages); pages += 1) {
      const older = await this.#loadPage(loading, MAX_PAGE_MESSAGES);
      if (this.log !== log) return older;
      messages = [...older, ...messages];
    }
    return messages;
  }

  /** Whether these messages add too few timeline entries and there are older ones. */
  #needsMore(messages: readonly Message[]): boolean {
    if (this.#loadError || !this.hasOlder) return false;
    return messages.filter((message) => !isChange(message) && !isPlaceholder(message)).length < MIN_NEW_ENTRIES;
  }

  async #loadPage(loading: PageLoading, limit: number, restarts = 0): Promise<readonly Message[]> {
    this.#loadError = null;
    try {
      const epochState = this.#epochState;
      const { firstSeq } = epochState.log;
      const page = await loading.load({ before: firstSeq, limit });
      if (this.#epochState === epochState && this.observeEpoch(page.epoch, page.headSeq)) loading.onRestart();
      if (this.#epochState !== epochState || epochState.log.firstSeq !== firstSeq) {
        if (!this.hasOlder) return [];
        if (restarts === MAX_RESTARTS) throw incompletePage();
        return await this.#loadPage(loading, limit, restarts + 1);
      }
      const older = epochState.prepend(page.messages);
      epochState.log.observeHead(page.headSeq);
      // Without this error, a caller that loads pages while there are older ones would repeat the request without end.
      if (page.hasMore && epochState.log.firstSeq === firstSeq) throw incompletePage();
      const hasIgnored = (page.messages[0]?.seq ?? firstSeq) < epochState.log.firstSeq;
      epochState.hasOlder = (page.hasMore || hasIgnored) && epochState.log.firstSeq > 1;
      return older;
    } catch (error) {
      this.#loadError = error instanceof ParleyError ? error : unavailableError(error);
      return [];
    }
  }
}

const incompletePage = () =>
  new ParleyError({ code: 'INTERNAL', message: 'Part of the history is missing. Try again.', retryable: true });
