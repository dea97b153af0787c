import type { Message, UserId } from '@parley/protocol';
import type { ConversationLog } from '../conversation-log.ts';
import { isChange, type Timeline } from './timeline.ts';

/**
 * The user's read marker in one conversation, and the number of unread messages after it.
 *
 * ## Unknown
 * The cluster has not reported the marker yet. Everything before the start of the log counts as read. Ends with `learn`.
 *
 * ## Known
 * The marker only moves forward: by `read` on this device, and by `learn` after reads on another device.
 *
 * ## Opened
 * `open` notes the marker and the head at that moment. From then on `firstUnreadSeq` is the first unread message of that
 * moment, even after the marker has passed it, until the next `open`.
 *
 * Each loaded message is counted once, when the log adds it, and subtracted once, when the marker passes it or the log drops
 * it. Messages between the marker and the start of the log are not loaded; their seqs are counted instead, without those that
 * were loaded before and are known not to count.
 */
export class ReadMarker {
  readonly #myId: UserId;
  #seq: number;

  #isKnown: boolean;
  readonly #timeline: Pick<Timeline, 'isHidden'>;
  #readOnThisDeviceSeq = 0;
  #unreadLoaded = 0;
  /** Messages after the marker that the log has dropped and that do not count: at least so many. */
  #droppedUncounted = 0;
  /** The log has dropped messages from this seq on. */
  #droppedFromSeq = Number.POSITIVE_INFINITY;
  /** Marker and head when the conversation was opened. The marker may become known later. */
  #opening: { seq: number | undefined; headSeq: number } | undefined;
  /** Undefined until enough of the log is loaded to determine it. */
  #firstUnreadSeq: number | null | undefined = null;

  /**
   * @param seq undefined if the marker is not known yet
   * @param timeline says which messages are hidden: they do not count
   */
  constructor(myId: UserId, seq: number | undefined, headSeq: number, timeline: Pick<Timeline, 'isHidden'>) {
    this.#myId = myId;
    this.#timeline = timeline;
    this.#seq = Math.min(seq ?? headSeq, headSeq);
    this.#isKnown = seq !== undefined;
  }

  get seq(): number {
    return this.#seq;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get wasOpened(): boolean {
    return this.#opening !== undefined;
  }

  unread(log: ConversationLog): number {
    return this.#unreadLoaded + Math.max(0, log.firstSeq - 1 - this.#seq - this.#droppedUncounted);
  }

  /** Counts messages that were appended to the log. */
  count(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq > this.#seq && this.#isCounted(message)) this.#unreadLoaded += 1;
  }

  /** Counts messages that were prepended to the log. It may have dropped them before. */
  countOlder(messages: readonly Message[]): void {
    this.count(messages);
    for (const message of messages) {
      const wasDropped = message.seq >= this.#droppedFromSeq && message.seq > this.#seq;
      if (wasDropped && !this.#isCounted(message)) this.#droppedUncounted = Math.max(0, this.#droppedUncounted - 1);
    }
  }

  /** Counts all loaded messages again, after messages in the middle of the log have changed. */
  recount(log: ConversationLog): void {
    this.#unreadLoaded = 0;
    for (const message of between(log, this.#seq, log.lastSeq)) if (this.#isCounted(message)) this.#unreadLoaded += 1;
  }

  /** Handles messages that the log is about to drop from its front. */
  drop(messages: readonly Message[]): void {
    this.#droppedFromSeq = Math.min(this.#droppedFromSeq, messages[0]?.seq ?? this.#droppedFromSeq);
    for (const message of messages) {
      if (message.seq <= this.#seq) continue;
      if (this.#isCounted(message)) this.#unreadLoaded -= 1;
      else this.#droppedUncounted += 1;
    }
  }

  /** Moves the marker: the user has read up to `seq` on this device. */
  read(seq: number, log: ConversationLog): void {
    this.#readOnThisDeviceSeq = Math.max(this.#readOnThisDeviceSeq, seq);
    this.#moveTo(seq, log);
  }

  /** Adopts the marker that the cluster reports, which another device may have moved. */
  learn(seq: number, log: ConversationLog): void {
    const reportedSeq = Math.min(seq, log.headSeq);
    if (this.#opening) this.#opening.seq ??= reportedSeq;
    if (this.#isKnown) {
      this.#moveTo(reportedSeq, log);
      return;
    }
    this.#isKnown = true;
    this.#seq = Math.max(reportedSeq, this.#readOnThisDeviceSeq);
    this.#droppedUncounted = 0;
    this.recount(log);
  }

  /** Sets `firstUnreadSeq` to the first message that is unread now. */
  open(log: ConversationLog): void {
    this.#opening = { seq: this.#isKnown ? this.#seq : undefined, headSeq: log.headSeq };
    this.#firstUnreadSeq = undefined;
  }

  /** Returns the seq of the first message that was unread when the conversation was opened. */
  firstUnreadSeq(log: ConversationLog): number | null {
    if (this.#firstUnreadSeq !== undefined) return this.#firstUnreadSeq;
    const { seq, headSeq } = this.#opening ?? {};
    if (seq === undefined || headSeq === undefined) return null;
    // The first unread message is not loaded. An older page will contain it.
    if (seq + 1 < log.firstSeq) return seq + 1;
    for (const message of between(log, seq, headSeq)) {
      if (this.#isCounted(message)) {
        this.#firstUnreadSeq = message.seq;
        return message.seq;
      }
    }
    if (log.lastSeq >= headSeq) this.#firstUnreadSeq = null;
    return null;
  }

  #moveTo(seq: number, log: ConversationLog): void {
    if (seq <= this.#seq) return;
    for (const message of between(log, this.#seq, seq)) if (this.#isCounted(message)) this.#unreadLoaded -= 1;
    // It is unknown which of the dropped messages the marker has passed. Few uncounted ones left give an upper bound.
    const passed = Math.max(0, seq - Math.max(this.#seq, this.#droppedFromSeq - 1));
    this.#droppedUncounted = seq < log.firstSeq - 1 ? Math.max(0, this.#droppedUncounted - passed) : 0;
    this.#seq = seq;
  }

  #isCounted(message: Message): boolean {
    const isShown = message.kind !== 'system' && !isChange(message) && !this.#timeline.isHidden(message);
    return isShown && message.senderId !== this.#myId;
  }
}

/** Yields the loaded messages with `afterSeq < seq <= upToSeq`. */
function* between(log: ConversationLog, afterSeq: number, upToSeq: number): Generator<Message> {
  const first = Math.max(afterSeq + 1, log.firstSeq);
  for (let seq = first; seq <= Math.min(upToSeq, log.lastSeq); seq += 1) {
    const message = log.at(seq);
    if (message) yield message;
  }
}
