import type { Conversation, ConversationId } from '@parley/protocol';
import type { Thread } from './conversation-state.ts';

/** Which conversation is open, whether someone looks at it, and what is read by that. */
export class OpenThread {
  readonly #threads: ReadonlyMap<ConversationId, Thread>;
  readonly #onOpen: (conversation: Conversation) => void;
  readonly #onRead: (conversationId: ConversationId, seq: number) => void;
  #id: ConversationId | null = null;
  #isLooking = true;

  constructor(options: {
    threads: ReadonlyMap<ConversationId, Thread>;
    onOpen: (conversation: Conversation) => void;
    /** The user has read everything up to there; may repeat. */
    onRead: (conversationId: ConversationId, seq: number) => void;
  }) {
    this.#threads = options.threads;
    this.#onOpen = options.onOpen;
    this.#onRead = options.onRead;
  }

  /** The conversation may not be known yet. */
  get id(): ConversationId | null {
    return this.#id;
  }

  get thread(): Thread | undefined {
    return this.#id === null ? undefined : this.#threads.get(this.#id);
  }

  /** @returns the thread, if it is known */
  open(conversationId: ConversationId | null): Thread | undefined {
    this.#id = conversationId;
    const { thread } = this;
    if (thread) this.begin(thread);
    return thread;
  }

  /** Marks what is unread at this moment, if this is the open conversation. */
  begin(thread: Thread): void {
    if (thread !== this.thread) return;
    thread.open();
    this.#onOpen(thread.conversation);
    this.read();
  }

  /**
   * What came while nobody looked is marked as unread when someone looks again.
   *
   * @returns whether that was so
   */
  setLooking(isLooking: boolean): boolean {
    const { thread } = this;
    const comesBack = isLooking && !this.#isLooking && thread !== undefined && thread.unread > 0;
    this.#isLooking = isLooking;
    if (comesBack) {
      thread.open();
      this.read();
    }
    return comesBack;
  }

  /** What is here of the open conversation is read, if someone looks. */
  read(): void {
    const { thread } = this;
    if (this.#isLooking && thread?.isLoaded) this.#onRead(thread.conversation.id, thread.markRead());
  }
}
