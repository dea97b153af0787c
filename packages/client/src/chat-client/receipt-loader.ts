import type { Conversation, ConversationId, Receipt, ReceiptsPacket } from '@parley/protocol';
import { ParleyError } from '../parley-error.ts';
import { delayAfterMs, pause } from '../retry-delay.ts';

/** Fetches the receipts of the open conversation once. After that, live packets report every change. */
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

  /** Fetches the receipts of this conversation. Retries until it succeeds or `load` is called for another conversation. */
  load({ id, kind }: Conversation): void {
    this.close();
    this.#fetching = new AbortController();
    if (kind === 'direct' || kind === 'group') void this.#fetchUntilDone(id, this.#fetching.signal);
  }

  /** Cancels a running fetch. */
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
        await pause(delayAfterMs(failures, error), signal);
      }
    }
  }
}
