import type { Message, UserId } from '@parley/protocol';
import { ConversationLog } from '../conversation-log.ts';
import { ReadMarker } from './read-marker.ts';
import { Receipts } from './receipts.ts';
import { Timeline } from './timeline.ts';

/** Up to this many unread messages are fetched before the conversation is opened, so that they can be counted exactly. */
const MAX_FETCHED_UNREAD = 200;

/** Messages are dropped in groups of this part of the bound, so that the cost for each message is constant. */
const DROPPED_PART = 0.1;

/**
 * The part of a conversation's state that is valid in one epoch only: everything identified by seq. The log starts at the
 * user's read marker if that is known and near, so that unread messages are fetched like missed ones. Otherwise it starts
 * at the head.
 *
 * The log keeps the newest `maxMessages`. Loading pages of history raises the bound by the number of messages that were loaded
 * by then, so that a user who reads old messages keeps them while as many new ones arrive. `release` ends that.
 */
export class EpochState {
  readonly log: ConversationLog;
  readonly timeline = new Timeline();
  readonly marker: ReadMarker;
  readonly receipts: Receipts;
  hasOlder: boolean;
  /** Whether a page of history is loaded, or the conversation has none. */
  hasPage: boolean;
  readonly #initialHeadSeq: number;
  /** Whether the cluster did not return the newest messages, and none after them is known. */
  #isEndMissing = false;
  readonly #maxMessages: number;
  #bound: number;

  /** @param options.readSeq the user's read marker; undefined if it is not known yet */
  constructor(options: { myId: UserId; headSeq: number; readSeq: number | undefined; maxMessages: number }) {
    const { myId, headSeq, readSeq, maxMessages } = options;
    this.marker = new ReadMarker(myId, readSeq, headSeq, this.timeline);
    this.receipts = new Receipts(myId);
    const isNear = headSeq - this.marker.seq <= MAX_FETCHED_UNREAD;
    this.log = new ConversationLog(isNear ? this.marker.seq : headSeq);
    this.log.observeHead(headSeq);
    this.#initialHeadSeq = headSeq;
    this.#maxMessages = maxMessages;
    this.#bound = maxMessages;
    this.hasOlder = this.log.firstSeq > 1;
    this.hasPage = !this.hasOlder;
  }

  /** Whether the newest page is loaded, or as much of it as the cluster returns. */
  get isLoaded(): boolean {
    return this.hasPage && (this.log.lastSeq >= this.#initialHeadSeq || this.#isEndMissing);
  }

  /** Whether nothing was loaded and the conversation was not opened yet. */
  get isUntouched(): boolean {
    return this.log.size === 0 && !this.marker.wasOpened;
  }

  /** Adds newer messages, and messages of holes. @returns those that were not in the log before */
  add(messages: readonly Message[]): readonly Message[] {
    const { appended, found } = this.log.add(messages);
    if (found.length > 0) {
      this.timeline.rebuild(this.log.messages.slice(0, this.log.size - appended.length));
      this.timeline.append(appended);
      this.marker.recount(this.log);
      return [...found, ...appended];
    }
    this.timeline.append(appended);
    this.marker.count(appended);
    return appended;
  }

  /** Shows the messages behind the gap of the log without those in it. @returns the messages that were appended */
  skipGap(): readonly Message[] {
    const { firstSeq } = this.log;
    const appended = this.log.skipGap() ?? [];
    this.#isEndMissing = appended.length === 0;
    if (this.log.firstSeq > firstSeq) {
      this.timeline.rebuild([]);
      this.hasOlder = true;
    }
    this.timeline.append(appended);
    this.marker.recount(this.log);
    return appended;
  }

  /** Prepends the page before the first message. @returns its new messages */
  prepend(page: readonly Message[]): readonly Message[] {
    const { firstSeq } = this.log;
    const older = this.log.prepend(page);
    this.timeline.prepend(older);
    this.marker.countOlder(this.log.messages.slice(0, firstSeq - this.log.firstSeq));
    this.hasPage = true;
    this.#bound = this.log.size + this.#maxMessages;
    return older;
  }

  /** Drops the oldest messages if more are loaded than the bound allows. */
  trim(): void {
    const excess = this.log.size - this.#bound;
    if (excess <= this.#maxMessages * DROPPED_PART) return;
    this.marker.drop(this.log.messages.slice(0, excess));
    const dropped = this.log.dropFirst(excess);
    this.timeline.dropFirst(dropped, this.log.messages);
    this.hasOlder = true;
  }

  /** Lets the log drop messages that were loaded as pages of history. */
  release(): void {
    this.#bound = this.#maxMessages;
    this.trim();
  }
}
