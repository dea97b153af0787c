import type { Message, UserId } from '@parley/protocol';
import type { ConversationLog } from '../conversation-log.ts';
import { isChange } from './timeline.ts';

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
 * Each loaded message is counted once, when the log adds it, and subtracted once, when the marker passes it. Messages
 * between the marker and the start of the log are not loaded; their seqs are counted instead.
 */
export class ReadMarker {
  readonly #myId: UserId;
  #seq: number;

  #isKnown: boolean;
  #readOnThisDeviceSeq = 0;
  #unreadLoaded = 0;
  /** Marker and head when the conversation was opened. The marker may become known later. */
  #opening: { seq: number | undefined; headSeq: number } | undefined;
  /** Undefined until enough of the log is loaded to determine it. */
  #firstUnreadSeq: number | null | undefined = null;

  /** @param seq undefined if the marker is not known yet */
  constructor(myId: UserId, seq: number | undefined, headSeq: number) {
    this.#myId = myId;
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
    return this.#unreadLoaded + Math.max(0, log.firstSeq - 1 - this.#seq);
  }

  /** Counts messages that were added to the log, at either end. */
  count(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq > this.#seq && this.#isCounted(message)) this.#unreadLoaded += 1;
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
    this.#unreadLoaded = 0;
    this.count(log.messages);
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
    this.#seq = seq;
  }

  #isCounted(message: Message): boolean {
    return message.senderId !== this.#myId && message.kind !== 'system' && !isChange(message);
  }
}

/** Yields the loaded messages with `afterSeq < seq <= upToSeq`. */
function* between(log: ConversationLog, afterSeq: number, upToSeq: number): Generator<Message> {
  const first = Math.max(afterSeq + 1, log.firstSeq);
  for (let seq = first; seq <= Math.min(upToSeq, log.lastSeq); seq += 1) {
    const message = log.messages[seq - log.firstSeq];
    if (message) yield message;
  }
}
