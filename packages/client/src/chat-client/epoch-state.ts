import type { Message, UserId } from '@parley/protocol';
import { ConversationLog } from '../conversation-log.ts';
import { ReadMarker } from './read-marker.ts';
import { Receipts } from './receipts.ts';
import { Timeline } from './timeline.ts';

/** Up to this many unread messages are fetched before the conversation is opened, so that they can be counted exactly. */
const MAX_FETCHED_UNREAD = 200;

/**
 * The part of a conversation's state that is valid in one epoch only: everything identified by seq. The log starts at the
 * user's read marker if that is known and near, so that unread messages are fetched like missed ones. Otherwise it starts
 * at the head.
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

  /** @param readSeq the user's read marker; undefined if it is not known yet */
  constructor(myId: UserId, headSeq: number, readSeq: number | undefined) {
    this.marker = new ReadMarker(myId, readSeq, headSeq);
    this.receipts = new Receipts(myId);
    const isNear = headSeq - this.marker.seq <= MAX_FETCHED_UNREAD;
    this.log = new ConversationLog(isNear ? this.marker.seq : headSeq);
    this.log.observeHead(headSeq);
    this.#initialHeadSeq = headSeq;
    this.hasOlder = this.log.firstSeq > 1;
    this.hasPage = !this.hasOlder;
  }

  /** Whether the newest page is loaded. */
  get isLoaded(): boolean {
    return this.hasPage && this.log.lastSeq >= this.#initialHeadSeq;
  }

  /** Whether nothing was loaded and the conversation was not opened yet. */
  get isUntouched(): boolean {
    return this.log.messages.length === 0 && !this.marker.wasOpened;
  }

  /** Adds newer messages. @returns those that were appended to the log */
  add(messages: readonly Message[]): readonly Message[] {
    const added = this.log.add(messages);
    this.timeline.append(added);
    this.marker.count(added);
    return added;
  }

  /** Adds the page before the first message. @returns its new messages; undefined if the page leaves a gap */
  prepend(page: readonly Message[]): readonly Message[] | undefined {
    const { firstSeq } = this.log;
    if (!this.log.prepend(page)) return undefined;
    const older = this.log.messages.slice(0, firstSeq - this.log.firstSeq);
    this.timeline.prepend(older);
    this.marker.count(older);
    this.hasPage = true;
    return older;
  }
}
