import type { Message, UserId } from '@parley/protocol';
import type { ConversationLog } from '../conversation-log.ts';
import { isChange } from './timeline.ts';

/**
 * Up to where this user has read a conversation, and how much there is after that. Messages are counted once, as the log
 * gains them and as the marker passes them; what lies between the marker and the beginning of the log counts by its seqs.
 */
export class ReadMarker {
  readonly #myId: UserId;
  #seq: number;
  /** Whether the cluster has told it; until then everything before the beginning of the log counts as read. */
  #isKnown: boolean;
  #readHereSeq = 0;
  #unreadInLog = 0;
  /** Where the marker and the log's head were when the conversation was opened; the marker may get known later. */
  #opening: { seq: number | undefined; headSeq: number } | undefined;
  /** Undefined while the log does not reach to where it is decided. */
  #firstUnreadSeq: number | null | undefined = null;

  /** @param seq undefined while it is not known */
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
    return this.#unreadInLog + Math.max(0, log.firstSeq - 1 - this.#seq);
  }

  /** The log has gained these, at either end. */
  gained(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq > this.#seq && this.#counts(message)) this.#unreadInLog += 1;
  }

  /** The user has read everything up to there, on this device. */
  read(seq: number, log: ConversationLog): void {
    this.#readHereSeq = Math.max(this.#readHereSeq, seq);
    this.#moveTo(seq, log);
  }

  /** The cluster tells how far the user has read, on whichever device. */
  learn(seq: number, log: ConversationLog): void {
    const toldSeq = Math.min(seq, log.headSeq);
    if (this.#opening) this.#opening.seq ??= toldSeq;
    if (this.#isKnown) {
      this.#moveTo(toldSeq, log);
      return;
    }
    this.#isKnown = true;
    this.#seq = Math.max(toldSeq, this.#readHereSeq);
    this.#unreadInLog = 0;
    this.gained(log.messages);
  }

  /** The conversation is opened now: from here on `firstUnreadSeq` says where the user went on reading. */
  open(log: ConversationLog): void {
    this.#opening = { seq: this.#isKnown ? this.#seq : undefined, headSeq: log.headSeq };
    this.#firstUnreadSeq = undefined;
  }

  /** seq of the first message that was unread when the conversation was opened. */
  firstUnreadSeq(log: ConversationLog): number | null {
    if (this.#firstUnreadSeq !== undefined) return this.#firstUnreadSeq;
    const { seq, headSeq } = this.#opening ?? {};
    if (seq === undefined || headSeq === undefined) return null;
    // It will be one of the first that older pages bring.
    if (seq + 1 < log.firstSeq) return seq + 1;
    for (const message of between(log, seq, headSeq)) {
      if (this.#counts(message)) {
        this.#firstUnreadSeq = message.seq;
        return message.seq;
      }
    }
    if (log.lastSeq >= headSeq) this.#firstUnreadSeq = null;
    return null;
  }

  #moveTo(seq: number, log: ConversationLog): void {
    if (seq <= this.#seq) return;
    for (const message of between(log, this.#seq, seq)) if (this.#counts(message)) this.#unreadInLog -= 1;
    this.#seq = seq;
  }

  #counts(message: Message): boolean {
    return message.senderId !== this.#myId && message.kind !== 'system' && !isChange(message);
  }
}

/** Those of the log after one seq, up to another. */
function* between(log: ConversationLog, afterSeq: number, upToSeq: number): Generator<Message> {
  const first = Math.max(afterSeq + 1, log.firstSeq);
  for (let seq = first; seq <= Math.min(upToSeq, log.lastSeq); seq += 1) {
    const message = log.messages[seq - log.firstSeq];
    if (message) yield message;
  }
}
