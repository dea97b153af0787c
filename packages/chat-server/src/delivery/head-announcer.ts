import type { MessageLog } from '@parley/message-log';
import type { ConversationId } from '@parley/protocol';
import { type ChatIo, isConversation } from '../socket-types.ts';
import type { FanOutDelivery } from './fan-out-delivery.ts';

/** The most conversations that are read in one round trip. */
const MAX_CONVERSATIONS = 500;

/**
 * Sends the heads of conversations to this server's sessions at an interval. Live packets may be lost on their way through Redis; a
 * client that is behind the head notices the gap and fetches what is missing. A head that has not changed is not sent again. The
 * same replies carry the versions of the member lists.
 */
export class HeadAnnouncer {
  readonly #io: ChatIo;
  readonly #log: MessageLog;
  readonly #delivery: FanOutDelivery;
  /** The heads that were sent in the current round, or in the last one if none is running. */
  #announced = new Map<ConversationId, string>();
  /** The heads that were sent in the round before. */
  #previous = new Map<ConversationId, string>();

  constructor(parts: { io: ChatIo; log: MessageLog; delivery: FanOutDelivery }) {
    this.#io = parts.io;
    this.#log = parts.log;
    this.#delivery = parts.delivery;
  }

  /**
   * Sends a head again in the next round, or in the current one: packets may have been lost.
   *
   * @param conversationId undefined = all heads
   */
  forget(conversationId?: ConversationId): void {
    for (const heads of [this.#announced, this.#previous]) {
      if (conversationId === undefined) heads.clear();
      else heads.delete(conversationId);
    }
  }

  /** @returns the version of the member list of each conversation whose head is known */
  async announce(): Promise<Map<ConversationId, string>> {
    const ids = [...this.#io.of('/').adapter.rooms.keys()].filter(isConversation);
    const versions = new Map<ConversationId, string>();
    this.#previous = this.#announced;
    this.#announced = new Map();
    for (let first = 0; first < ids.length; first += MAX_CONVERSATIONS) {
      const chunk = ids.slice(first, first + MAX_CONVERSATIONS);
      const states = await this.#log.knownStates(chunk);
      for (const [index, conversationId] of chunk.entries()) {
        const state = states[index];
        if (!state) continue;
        const { headSeq, storedSeq, epoch, membersVersion } = state;
        versions.set(conversationId, membersVersion);
        const head = `${epoch} ${headSeq} ${storedSeq}`;
        this.#announced.set(conversationId, head);
        if (this.#previous.get(conversationId) === head) continue;
        this.#delivery.sendHead({ conversationId, headSeq, storedSeq, epoch });
      }
    }
    return versions;
  }
}
