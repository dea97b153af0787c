import type { Conversation, ConversationId, Receipt, ReceiptsPacket } from '@parley/protocol';
import { ParleyError } from '../parley-error.ts';
import { pause, retryDelayMs } from '../retry-delay.ts';

/** Fetches how far everyone is in the open conversation; from then on packets tell what moves. */
export class ReceiptLoader {
  readonly #fetch: (conversationId: ConversationId) => Promise<Receipt[]>;
  readonly #onReceipts: (packet: ReceiptsPacket) => void;
  #fetching = new AbortController();

  constructor(options: {
    fetch: (conversationId: ConversationId) => Promise<Receipt[]>;
    onReceipts: (packet: ReceiptsPacket) => void;
  }) {
    this.#fetch = options.fetch;
    this.#onReceipts = options.onReceipts;
  }

  /** This is the open conversation, and what was missed of it is not known. It is tried until another one is opened. */
  want({ id, kind }: Conversation): void {
    this.close();
    this.#fetching = new AbortController();
    if (kind === 'direct' || kind === 'group') void this.#fetchUntilDone(id, this.#fetching.signal);
  }

  /** Nothing is wanted any more. */
  close(): void {
    this.#fetching.abort();
  }

  async #fetchUntilDone(conversationId: ConversationId, signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const readers = await this.#fetch(conversationId);
        if (!signal.aborted) this.#onReceipts({ conversationId, readers });
        return;
      } catch (error) {
        if (!(error instanceof ParleyError) || !error.retryable) return;
        await pause(retryDelayMs(failures), signal);
      }
    }
  }
}
