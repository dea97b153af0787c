import type { Conversation, ConversationId } from '@parley/protocol';
import type { ConversationState } from './conversation-state.ts';

/** Which conversation is open, whether someone looks at it, and what is read by that. */
export class OpenConversation {
  readonly #states: ReadonlyMap<ConversationId, ConversationState>;
  readonly #onOpen: (conversation: Conversation) => void;
  readonly #onRead: (conversationId: ConversationId, seq: number) => void;
  #id: ConversationId | null = null;
  #isVisible = true;

  constructor(options: {
    states: ReadonlyMap<ConversationId, ConversationState>;
    onOpen: (conversation: Conversation) => void;
    /** The user has read everything up to there; may repeat. */
    onRead: (conversationId: ConversationId, seq: number) => void;
  }) {
    this.#states = options.states;
    this.#onOpen = options.onOpen;
    this.#onRead = options.onRead;
  }

  /** The conversation may not be known yet. */
  get id(): ConversationId | null {
    return this.#id;
  }

  get state(): ConversationState | undefined {
    return this.#id === null ? undefined : this.#states.get(this.#id);
  }

  /** @returns the state, if it is known */
  open(conversationId: ConversationId | null): ConversationState | undefined {
    this.#id = conversationId;
    const { state } = this;
    if (state) this.begin(state);
    return state;
  }

  /** Marks what is unread at this moment, if this is the open conversation. */
  begin(state: ConversationState): void {
    if (state !== this.state) return;
    state.open();
    this.#onOpen(state.conversation);
    this.read();
  }

  /**
   * What came while nobody looked is marked as unread when someone looks again.
   *
   * @returns whether that was so
   */
  setVisible(isVisible: boolean): boolean {
    const { state } = this;
    const comesBack = isVisible && !this.#isVisible && state !== undefined && state.unread > 0;
    this.#isVisible = isVisible;
    if (comesBack) {
      state.open();
      this.read();
    }
    return comesBack;
  }

  /** What is here of the open conversation is read, if someone looks. */
  read(): void {
    const { state } = this;
    if (this.#isVisible && state?.isLoaded) this.#onRead(state.conversation.id, state.markRead());
  }
}
