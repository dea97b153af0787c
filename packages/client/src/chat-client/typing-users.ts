import type { ConversationId, TypingPacket, UserId } from '@parley/protocol';

/** A notice that was not repeated for this long is forgotten; the servers do so after 6 s, and say it. */
const FORGET_AFTER_MS = 7_000;

interface Notice {
  readonly userIds: readonly UserId[];
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Which others are typing, as long as that can be believed. */
export class TypingUsers {
  readonly #myId: UserId;
  readonly #onChange: (packet: TypingPacket) => void;
  readonly #notices = new Map<ConversationId, Notice>();

  /** @param onChange gets who is typing in a conversation now, without this user */
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

  /** What someone has sent they are typing no more. */
  observeMessagesOf(conversationId: ConversationId, senderIds: readonly UserId[]): void {
    const before = this.#notices.get(conversationId)?.userIds ?? [];
    const left = before.filter((id) => !senderIds.includes(id));
    if (left.length < before.length) this.#set(conversationId, left);
  }

  /** The connection is another one, or gone: what was said before holds no more. */
  forget(): void {
    for (const conversationId of [...this.#notices.keys()]) this.#set(conversationId, []);
  }

  close(): void {
    for (const { timer } of this.#notices.values()) clearTimeout(timer);
    this.#notices.clear();
  }

  #set(conversationId: ConversationId, userIds: UserId[]): void {
    const before = this.#notices.get(conversationId);
    clearTimeout(before?.timer);
    this.#notices.delete(conversationId);
    if (userIds.length > 0) {
      const timer = setTimeout(() => this.#set(conversationId, []), FORGET_AFTER_MS);
      this.#notices.set(conversationId, { userIds, timer });
    }
    const isSame = userIds.join() === (before?.userIds ?? []).join();
    if (!isSame) this.#onChange({ conversationId, userIds });
  }
}
