import type { Conversation, ConversationId, UserId } from '@parley/protocol';
import type { NewConversation, RestClient } from '../rest-client.ts';

/** Creates, renames and leaves conversations and changes their members. Each method rejects with a `ParleyError`. */
export class ConversationActions {
  readonly #rest: RestClient;
  readonly #myId: UserId;
  readonly #onChanged: (conversation: Conversation) => void;
  readonly #onLeft: (conversationId: ConversationId) => void;

  constructor(options: {
    rest: RestClient;
    myId: UserId;
    onChanged: (conversation: Conversation) => void;
    onLeft: (conversationId: ConversationId) => void;
  }) {
    this.#rest = options.rest;
    this.#myId = options.myId;
    this.#onChanged = options.onChanged;
    this.#onLeft = options.onLeft;
  }

  async create(conversation: NewConversation): Promise<ConversationId> {
    const created = await this.#rest.createConversation(conversation);
    this.#onChanged(created);
    return created.id;
  }

  async rename(conversationId: ConversationId, title: string): Promise<void> {
    this.#onChanged(await this.#rest.renameConversation(conversationId, title));
  }

  async invite(conversationId: ConversationId, memberIds: readonly UserId[]): Promise<void> {
    this.#onChanged(await this.#rest.addMembers(conversationId, memberIds));
  }

  async leave(conversationId: ConversationId): Promise<void> {
    await this.#rest.removeMember(conversationId, this.#myId);
    this.#onLeft(conversationId);
  }

  /** The server notifies all members of the change, including this user. */
  removeMember(conversationId: ConversationId, userId: UserId): Promise<void> {
    return this.#rest.removeMember(conversationId, userId);
  }
}
