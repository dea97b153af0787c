import type { Message, UserId } from '@parley/protocol';
import { ConversationLog } from '../conversation-log.ts';
import { ReadMarker } from './read-marker.ts';
import { Receipts } from './receipts.ts';
import { Timeline } from './timeline.ts';

/** Up to so many unread messages are fetched in advance, and counted one by one. */
const MAX_FETCHED_UNREAD = 200;

/**
 * What is known of a conversation in one epoch: all that goes by seq. The log begins where the user has stopped reading, if
 * that is known and near, so that what is unread is fetched like anything that was missed; else at the head.
 */
export class EpochState {
  readonly log: ConversationLog;
  readonly timeline = new Timeline();
  readonly marker: ReadMarker;
  readonly receipts: Receipts;
  hasOlder: boolean;
  /** Whether a page of history was loaded, or there is none. */
  hasPage: boolean;
  readonly #beganAtHeadSeq: number;

  /** @param readSeq how far the user has read; undefined while that is not known */
  constructor(myId: UserId, headSeq: number, readSeq: number | undefined) {
    this.marker = new ReadMarker(myId, readSeq, headSeq);
    this.receipts = new Receipts(myId);
    const isNear = headSeq - this.marker.seq <= MAX_FETCHED_UNREAD;
    this.log = new ConversationLog(isNear ? this.marker.seq : headSeq);
    this.log.observeHead(headSeq);
    this.#beganAtHeadSeq = headSeq;
    this.hasOlder = this.log.firstSeq > 1;
    this.hasPage = !this.hasOlder;
  }

  /** Whether the newest page is here. */
  get isLoaded(): boolean {
    return this.hasPage && this.log.lastSeq >= this.#beganAtHeadSeq;
  }

  /** Whether nothing was shown or asked for yet. */
  get isUntouched(): boolean {
    return this.log.messages.length === 0 && !this.marker.wasOpened;
  }

  /** Takes in newer messages; gives those that the log has gained. */
  add(messages: readonly Message[]): readonly Message[] {
    const gained = this.log.add(messages);
    this.timeline.append(gained);
    this.marker.gained(gained);
    return gained;
  }

  /** Takes in the page before the first message; gives what of it is new, or undefined where it leaves a gap. */
  prepend(page: readonly Message[]): readonly Message[] | undefined {
    const { firstSeq } = this.log;
    if (!this.log.prepend(page)) return undefined;
    const older = this.log.messages.slice(0, firstSeq - this.log.firstSeq);
    this.timeline.prepend(older);
    this.marker.gained(older);
    this.hasPage = true;
    return older;
  }
}
