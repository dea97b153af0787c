import type { Conversation, Message, MessagePage } from '@parley/protocol';
import { ConversationLog } from '../conversation-log.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { ParleyError, unreachable } from '../parley-error.ts';
import type { ThreadSnapshot } from './chat-snapshot.ts';

/** Messages in a page of history. */
const PAGE_MESSAGES = 50;

/** How often a page is asked for anew because the conversation began anew meanwhile. */
const MAX_RESTARTS = 3;

export type LoadPage = (range: { before: number; limit: number }) => Promise<MessagePage>;

/** One conversation: its description, its log, and what a user interface wants to know of it. */
export class Thread {
  conversation: Conversation;
  /** Another one after each `restart`. */
  log: ConversationLog;
  #epoch: string | undefined;
  #isContradicted = false;
  #storedSeq = 0;
  #isLoaded: boolean;
  #hasOlder: boolean;
  #loading: Promise<readonly Message[]> | undefined;
  #loadError: ParleyError | null = null;
  #unread = 0;

  constructor(conversation: Conversation) {
    this.conversation = conversation;
    this.log = new ConversationLog(conversation.headSeq);
    this.#hasOlder = conversation.headSeq > 0;
    this.#isLoaded = !this.#hasOlder;
  }

  /** When something last happened in it, ISO 8601. */
  get activeAt(): string {
    return this.log.messages.at(-1)?.createdAt ?? this.conversation.createdAt;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whether messages are missing, or are to be asked for to learn whether those that are here still hold. */
  get isBehind(): boolean {
    return this.log.hasGap || this.#isContradicted;
  }

  /**
   * Learns which epoch the cluster is in. In another one than before, what is here no longer holds: it is dropped, and
   * the log begins anew at the head, its newest page not loaded.
   *
   * @returns whether that happened
   */
  sawEpoch(epoch: string, headSeq: number): boolean {
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
    this.#isContradicted = false;
    this.log.sawHead(headSeq);
    return this.add(messages);
  }

  /** Takes in newer messages; gives those that are shown from now on. */
  add(messages: readonly Message[]): readonly Message[] {
    if (this.log.contradicts(messages)) this.#isContradicted = true;
    return this.log.add(messages);
  }

  countUnread(messages: number): void {
    this.#unread += messages;
  }

  markRead(): void {
    this.#unread = 0;
  }

  sawStored(seq: number): void {
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    this.log.sawHead(seq);
  }

  /**
   * Loads the page before the first message, and gives it; whoever asks while it loads waits for the same one. Never
   * rejects: a failure is in the snapshot. `onRestart` is called when the page shows another epoch.
   */
  loadOlder(load: LoadPage, onChange: () => void, onRestart: () => void): Promise<readonly Message[]> {
    if (!this.#hasOlder) return Promise.resolve([]);
    this.#loading ??= this.#loadPage(load, onRestart).finally(() => {
      this.#loading = undefined;
      onChange();
    });
    onChange();
    return this.#loading;
  }

  snapshot(outgoing: readonly OutboxMessage[]): ThreadSnapshot {
    const { messages, firstSeq, lastSeq } = this.log;
    return {
      messages,
      firstSeq,
      pending: outgoing.filter(({ seq }) => seq === undefined || seq > lastSeq),
      storedSeq: this.#storedSeq,
      isLoaded: this.#isLoaded,
      hasOlder: this.#hasOlder,
      isLoadingOlder: this.#loading !== undefined,
      loadError: this.#loadError,
      unread: this.#unread,
    };
  }

  #restart(headSeq: number): void {
    this.log = new ConversationLog(headSeq);
    this.#isContradicted = false;
    this.#storedSeq = 0;
    this.#hasOlder = headSeq > 0;
    this.#isLoaded = !this.#hasOlder;
  }

  async #loadPage(load: LoadPage, onRestart: () => void, restarts = 0): Promise<readonly Message[]> {
    this.#loadError = null;
    try {
      const { log } = this;
      const page = await load({ before: log.firstSeq, limit: PAGE_MESSAGES });
      if (this.log === log && this.sawEpoch(page.epoch, page.headSeq)) onRestart();
      if (this.log !== log) {
        if (!this.#hasOlder) return [];
        if (restarts === MAX_RESTARTS) throw brokenHistory();
        return await this.#loadPage(load, onRestart, restarts + 1);
      }
      if (!this.log.prepend(page.messages)) throw brokenHistory();
      this.log.sawHead(page.headSeq);
      this.#hasOlder = page.hasMore && this.log.firstSeq > 1;
      this.#isLoaded = true;
      return page.messages;
    } catch (error) {
      this.#loadError = error instanceof ParleyError ? error : unreachable(error);
      return [];
    }
  }
}

const brokenHistory = () =>
  new ParleyError({ code: 'INTERNAL', message: 'The history that came has a gap: try again.', retryable: true });
