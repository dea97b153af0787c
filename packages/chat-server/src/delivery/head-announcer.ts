import type { MessageLog } from '@parley/message-log';
import { type ChatIo, isConversation } from '../socket-types.ts';
import type { FanOutDelivery } from './fan-out-delivery.ts';

/** The most conversations that are read in one round trip. */
const MAX_CONVERSATIONS = 500;

/**
 * Sends the heads of conversations to this server's sessions at an interval. Live packets may be lost on their way through Redis; a
 * client that is behind the head notices the gap and fetches what is missing. A head that has not changed is not sent again.
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

  /** Sends every head again in the next round: packets may have been lost. */
  forget(): void {
    this.#announced = new Map();
  }

  async announce(): Promise<void> {
    const ids = [...this.#io.of('/').adapter.rooms.keys()].filter(isConversation);
    const announced = new Map<string, string>();
    for (let first = 0; first < ids.length; first += MAX_CONVERSATIONS) {
      const chunk = ids.slice(first, first + MAX_CONVERSATIONS);
      const states = await this.#log.knownStates(chunk);
      for (const [index, conversationId] of chunk.entries()) {
        const state = states[index];
        if (!state) continue;
        const { headSeq, storedSeq, epoch } = state;
        const head = `${epoch} ${headSeq} ${storedSeq}`;
        announced.set(conversationId, head);
        if (this.#announced.get(conversationId) === head) continue;
        this.#delivery.sendHead({ conversationId, headSeq, storedSeq, epoch });
      }
    }
    this.#announced = announced;
  }
}
