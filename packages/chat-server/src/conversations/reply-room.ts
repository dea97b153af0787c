import { DEFAULT_PAGE_MESSAGES, MAX_REPLY_BYTES, MAX_TEXT_CHARACTERS, type MessageRecord } from '@parley/protocol';

/** A message without its text and media: ids of at most 64 characters, a time, the names of the fields. */
const FIELDS_BYTES = 512;

/** The most bytes of one message. A control character takes six in JSON. */
export const MAX_MESSAGE_BYTES = 6 * MAX_TEXT_CHARACTERS + 2 * FIELDS_BYTES;

/** A page of the default size takes one read. It shows how large the messages are. */
const FIRST_MESSAGES = DEFAULT_PAGE_MESSAGES;

/** The most messages in one read, however small the ones before were. */
export const MAX_READ_MESSAGES = 160;

/** The room that is left in one reply for messages. */
export class ReplyRoom {
  readonly #maxBytes: number;
  #usedBytes = 0;
  #messages = 0;
  #isFull = false;

  constructor(maxBytes = MAX_REPLY_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** A message did not fit. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** How many messages to read next. As many are likely to fit. */
  get nextMessages(): number {
    if (this.#messages === 0) return FIRST_MESSAGES;
    const likely = Math.floor(((this.#maxBytes - this.#usedBytes) * this.#messages) / this.#usedBytes);
    return Math.min(Math.max(likely, 1), MAX_READ_MESSAGES);
  }

  /** Returns the messages up to the first one that does not fit. The first message of a reply always fits. */
  take<Message extends SizedMessage>(messages: readonly Message[]): Message[] {
    const taken: Message[] = [];
    for (const message of messages) {
      const bytes = bytesOf(message);
      this.#isFull ||= this.#messages > 0 && this.#usedBytes + bytes > this.#maxBytes;
      if (this.#isFull) break;
      this.#usedBytes += bytes;
      this.#messages += 1;
      taken.push(message);
    }
    return taken;
  }
}

type SizedMessage = Pick<MessageRecord, 'text' | 'media'>;

/** Returns an upper bound of the bytes of a message in a reply. */
const bytesOf = ({ text, media }: SizedMessage): number =>
  FIELDS_BYTES + (text === undefined ? 0 : textBytes(text)) + (media ? Buffer.byteLength(JSON.stringify(media)) : 0);

/** Most texts have nothing to escape, and need no copy. */
const textBytes = (text: string): number => Buffer.byteLength(NEEDS_ESCAPES.test(text) ? JSON.stringify(text) : text);

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const NEEDS_ESCAPES = /["\\\u0000-\u001f]/;
