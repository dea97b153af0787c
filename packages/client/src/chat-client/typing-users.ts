import type { ConversationId, TypingPacket, UserId } from '@parley/protocol';

/** A typing signal expires after this time. Servers report the end after 6 s; this covers a lost report. */
const EXPIRE_AFTER_MS = 7_000;

interface TypingState {
  readonly userIds: readonly UserId[];
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Tracks which other users are typing in each conversation. */
export class TypingUsers {
  readonly #myId: UserId;
  readonly #onChange: (packet: TypingPacket) => void;
  readonly #states = new Map<ConversationId, TypingState>();

  /** @param onChange receives the typing users of a conversation, without this user */
  constructor(myId: UserId, onChange: (packet: TypingPacket) => void) {
    this.#myId = myId;
    this.#onChange = onChange;
  }

  observe({ conversationId, userIds }: TypingPacket): void {
    this.#set(
      conversationId,
      userIds.filter((id) => id !== this.#myId),
    );
  }

  /** Removes the senders of new messages: they have finished typing. */
  observeSenders(conversationId: ConversationId, senderIds: readonly UserId[]): void {
    const before = this.#states.get(conversationId)?.userIds ?? [];
    const left = before.filter((id) => !senderIds.includes(id));
    if (left.length < before.length) this.#set(conversationId, left);
  }

  /** Removes all typing users, because the state of the previous connection no longer applies. */
  reset(): void {
    for (const conversationId of [...this.#states.keys()]) this.#set(conversationId, []);
  }

  close(): void {
    for (const { timer } of this.#states.values()) clearTimeout(timer);
    this.#states.clear();
  }

  #set(conversationId: ConversationId, userIds: UserId[]): void {
    const before = this.#states.get(conversationId);
    clearTimeout(before?.timer);
    this.#states.delete(conversationId);
    if (userIds.length > 0) {
      const timer = setTimeout(() => this.#set(conversationId, []), EXPIRE_AFTER_MS);
      this.#states.set(conversationId, { userIds, timer });
    }
    const isSame = userIds.join() === (before?.userIds ?? []).join();
    if (!isSame) this.#onChange({ conversationId, userIds });
  }
}
