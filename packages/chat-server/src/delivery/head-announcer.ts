import type { MessageLog } from '@parley/message-log';
import { type ChatIo, isConversation } from '../socket-types.ts';
import type { FanOutDelivery } from './fan-out-delivery.ts';

/** Conversations that are looked up in one round trip. */
const MAX_CONVERSATIONS = 500;

/**
 * Tells the sessions of this server now and then how far their conversations are. Live packets may be lost on the way through
 * Redis; a client that is behind the head sees a gap by it and fetches what is missing. A conversation whose numbers have
 * not moved since is not mentioned again.
 */
export class HeadAnnouncer {
  readonly #io: ChatIo;
  readonly #log: MessageLog;
  readonly #delivery: FanOutDelivery;
  #announced = new Map<string, string>();

  constructor(parts: { io: ChatIo; log: MessageLog; delivery: FanOutDelivery }) {
    this.#io = parts.io;
    this.#log = parts.log;
    this.#delivery = parts.delivery;
  }

  /** Mentions every conversation again next time: something may have been lost. */
  forget(): void {
    this.#announced = new Map();
  }

  async announce(): Promise<void> {
    const ids = [...this.#io.of('/').adapter.rooms.keys()].filter(isConversation);
    const announced = new Map<string, string>();
    for (let first = 0; first < ids.length; first += MAX_CONVERSATIONS) {
      const some = ids.slice(first, first + MAX_CONVERSATIONS);
      const states = await this.#log.knownStates(some);
      for (const [index, conversationId] of some.entries()) {
        const state = states[index];
        if (!state) continue;
        const { headSeq, storedSeq, epoch } = state;
        const head = `${epoch} ${headSeq} ${storedSeq}`;
        announced.set(conversationId, head);
        if (this.#announced.get(conversationId) === head) continue;
        this.#delivery.tellHead({ conversationId, headSeq, storedSeq, epoch });
      }
    }
    this.#announced = announced;
  }
}
