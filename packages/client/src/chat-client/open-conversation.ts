import type { Conversation, ConversationId } from '@parley/protocol';
import type { ConversationState } from './conversation-state.ts';

/** The open conversation. While it is visible, its loaded messages are marked as read. */
export class OpenConversation {
  readonly #states: ReadonlyMap<ConversationId, ConversationState>;
  readonly #onOpen: (conversation: Conversation) => void;
  readonly #onRead: (conversationId: ConversationId, seq: number) => void;
  #id: ConversationId | null = null;
  #isVisible = true;

  constructor(options: {
    states: ReadonlyMap<ConversationId, ConversationState>;
    onOpen: (conversation: Conversation) => void;
    /** Called when the user has read everything up to `seq`; may repeat. */
    onRead: (conversationId: ConversationId, seq: number) => void;
  }) {
    this.#states = options.states;
    this.#onOpen = options.onOpen;
    this.#onRead = options.onRead;
  }

  /** Id of the open conversation, which may not be loaded yet. */
  get id(): ConversationId | null {
    return this.#id;
  }

  get state(): ConversationState | undefined {
    return this.#id === null ? undefined : this.#states.get(this.#id);
  }

  /** @returns the state of the conversation, if it is known */
  open(conversationId: ConversationId | null): ConversationState | undefined {
    this.#id = conversationId;
    const { state } = this;
    if (state) this.start(state);
    return state;
  }

  /** Sets the first unread message and marks everything as read, if this is the open conversation. */
  start(state: ConversationState): void {
    if (state !== this.state) return;
    state.open();
    this.#onOpen(state.conversation);
    this.markRead();
  }

  /**
   * When the conversation becomes visible again, the messages that arrived in between get the unread divider.
   *
   * @returns whether there were such messages
   */
  setVisible(isVisible: boolean): boolean {
    const { state } = this;
    const hasNewMessages = isVisible && !this.#isVisible && state !== undefined && state.unread > 0;
    this.#isVisible = isVisible;
    if (hasNewMessages) {
      state.open();
      this.markRead();
    }
    return hasNewMessages;
  }

  /** Marks the loaded messages as read, if the conversation is visible. */
  markRead(): void {
    const { state } = this;
    if (this.#isVisible && state?.isLoaded) this.#onRead(state.conversation.id, state.markRead());
  }
}
