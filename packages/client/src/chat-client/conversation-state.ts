import type { Conversation, Message, MessagePage, Receipt, UserId } from '@parley/protocol';
import { MAX_PAGE_MESSAGES } from '@parley/protocol/constants';
import type { ConversationLog } from '../conversation-log.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { ParleyError, unavailableError } from '../parley-error.ts';
import type { ConversationView } from './chat-snapshot.ts';
import { EpochState } from './epoch-state.ts';
import { isChange } from './timeline.ts';

/** Messages in a page of history. */
const PAGE_MESSAGES = 50;

/** A page of changes shows hardly anything: more are loaded until as many rows have come. */
const MIN_ROWS = 20;

/** So many pages at most are loaded for that at once. */
const MAX_PAGES = 10;

/** How often a page is asked for anew because the conversation began anew meanwhile. */
const MAX_RESTARTS = 3;

/** How a thread gets its pages of history. */
export interface PageLoading {
  readonly load: (range: { before: number; limit: number }) => Promise<MessagePage>;
  /** What the snapshot says of it has changed. */
  readonly onChange: () => void;
  /** A page showed another epoch. */
  readonly onRestart: () => void;
}

/** One conversation: its description, its log, and what a user interface wants to know of it. */
export class ConversationState {
  conversation: Conversation;
  /** Who is typing, without oneself. */
  typing: readonly UserId[] = [];
  readonly #myId: UserId;
  /** Another one in each epoch, and perhaps when the read marker gets known. */
  #epochState: EpochState;
  #epoch: string | undefined;
  #hasConflict = false;
  #storedSeq = 0;
  #loading: Promise<readonly Message[]> | undefined;
  #loadError: ParleyError | null = null;

  /** @param readSeq how far the user has read; undefined while that is not known */
  constructor(conversation: Conversation, myId: UserId, readSeq?: number) {
    this.conversation = conversation;
    this.#myId = myId;
    this.#epochState = new EpochState(myId, conversation.headSeq, readSeq);
  }

  /** Another one after each restart. */
  get log(): ConversationLog {
    return this.#epochState.log;
  }

  /** When something last happened in it, ISO 8601. */
  get activeAt(): string {
    return this.log.messages.at(-1)?.createdAt ?? this.conversation.createdAt;
  }

  /** Whether its newest page is here. */
  get isLoaded(): boolean {
    return this.#epochState.isLoaded;
  }

  /** Whether there is history, and none was loaded yet. */
  get lacksPage(): boolean {
    return !this.#epochState.hasPage;
  }

  get hasOlder(): boolean {
    return this.#epochState.hasOlder;
  }

  get unread(): number {
    return this.#epochState.marker.unread(this.log);
  }

  /** Whether messages are missing, or are to be asked for to learn whether those that are here still hold. */
  get isBehind(): boolean {
    return this.log.hasGap || this.#hasConflict;
  }

  /**
   * Learns which epoch the cluster is in. In another one than before, what is here no longer holds: it is dropped, and
   * the log begins anew, its newest page not loaded.
   *
   * @returns whether that happened
   */
  observeEpoch(epoch: string, headSeq: number): boolean {
    // What was learnt before any epoch was known may be older than this one.
    const isSame = this.#epoch === undefined ? headSeq >= this.log.lastSeq : epoch === this.#epoch;
    this.#epoch = epoch;
    if (!isSame) this.#restart(headSeq);
    return !isSame;
  }

  /** Whether this is the epoch that is known, or none is known yet. */
  isIn(epoch: string): boolean {
    return epoch === (this.#epoch ?? epoch);
  }

  /** Takes in what was asked for after the last message, in the epoch that this thread knows. */
  addFetched(messages: readonly Message[], headSeq: number): readonly Message[] {
    this.#hasConflict = false;
    this.log.observeHead(headSeq);
    return this.add(messages);
  }

  /** Takes in newer messages; gives those that are shown from now on. */
  add(messages: readonly Message[]): readonly Message[] {
    if (this.log.conflictsWith(messages)) this.#hasConflict = true;
    return this.#epochState.add(messages);
  }

  /** From now on the snapshot says what was the first unread message at this moment. */
  open(): void {
    this.#epochState.marker.open(this.log);
  }

  /** All that is here is read. @returns up to which seq */
  markRead(): number {
    this.#epochState.marker.read(this.log.lastSeq, this.log);
    return this.log.lastSeq;
  }

  /** Learns how far the user has read, on whichever device. */
  observeReadSeq(readSeq: number): void {
    const { marker, isUntouched } = this.#epochState;
    if (marker.isKnown || !isUntouched || this.#loading) marker.learn(readSeq, this.log);
    else this.#epochState = new EpochState(this.#myId, this.log.headSeq, readSeq);
  }

  /** @returns whether someone moved */
  observeReceipts(readers: readonly Receipt[]): boolean {
    return this.#epochState.receipts.merge(readers);
  }

  observeStored(seq: number): void {
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    this.log.observeHead(seq);
  }

  /**
   * Loads the page before the first message, and gives it; whoever asks while it loads waits for the same one. Never
   * rejects: a failure is in the snapshot.
   */
  loadOlder(loading: PageLoading, limit = PAGE_MESSAGES): Promise<readonly Message[]> {
    if (!this.hasOlder) return Promise.resolve([]);
    this.#loading ??= this.#loadRows(loading, limit).finally(() => {
      this.#loading = undefined;
      loading.onChange();
    });
    loading.onChange();
    return this.#loading;
  }

  snapshot(outgoing: readonly OutboxMessage[]): ConversationView {
    const { log, timeline, marker, receipts, isLoaded, hasOlder } = this.#epochState;
    return {
      messages: log.messages,
      firstSeq: log.firstSeq,
      timeline: timeline.entries,
      firstTimelineIndex: timeline.firstIndex,
      pending: outgoing.filter(({ seq }) => seq === undefined || seq > log.lastSeq),
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

  #restart(headSeq: number): void {
    const { marker } = this.#epochState;
    this.#epochState = new EpochState(this.#myId, headSeq, marker.isKnown ? marker.seq : undefined);
    this.#hasConflict = false;
    this.#storedSeq = 0;
  }

  async #loadRows(loading: PageLoading, limit: number): Promise<readonly Message[]> {
    let messages = await this.#loadPage(loading, limit);
    const { log } = this;
    for (let pages = 1; pages < MAX_PAGES && this.#lacksRows(messages); pages += 1) {
      const older = await this.#loadPage(loading, MAX_PAGE_MESSAGES);
      if (this.log !== log) return older;
      messages = [...older, ...messages];
    }
    return messages;
  }

  /** Whether too little of these messages shows, and there are older ones. */
  #lacksRows(messages: readonly Message[]): boolean {
    if (this.#loadError || !this.hasOlder) return false;
    return messages.filter((message) => !isChange(message)).length < MIN_ROWS;
  }

  async #loadPage(loading: PageLoading, limit: number, restarts = 0): Promise<readonly Message[]> {
    this.#loadError = null;
    try {
      const epochState = this.#epochState;
      const page = await loading.load({ before: epochState.log.firstSeq, limit });
      if (this.#epochState === epochState && this.observeEpoch(page.epoch, page.headSeq)) loading.onRestart();
      if (this.#epochState !== epochState) {
        if (!this.hasOlder) return [];
        if (restarts === MAX_RESTARTS) throw brokenHistory();
        return await this.#loadPage(loading, limit, restarts + 1);
      }
      const older = epochState.prepend(page.messages);
      if (!older) throw brokenHistory();
      epochState.log.observeHead(page.headSeq);
      epochState.hasOlder = page.hasMore && epochState.log.firstSeq > 1;
      return older;
    } catch (error) {
      this.#loadError = error instanceof ParleyError ? error : unavailableError(error);
      return [];
    }
  }
}

const brokenHistory = () =>
  new ParleyError({ code: 'INTERNAL', message: 'The history that came has a gap: try again.', retryable: true });
