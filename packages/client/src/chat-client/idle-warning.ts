import type { IdlePacket } from '@parley/protocol';
import { LOBBY_ID } from '@parley/protocol/constants';
import type { RequestEvent } from '../connection/send-request.ts';
import type { Connection } from '../connection.ts';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';

/** If the session still exists this long after its announced end, nobody waits for its slot any more. */
const OUTDATED_AFTER_MS = 10_000;

/** The server never announces an end that is farther away. Protects from a wrong clock of this device. */
const MAX_REMAINING_MS = 60_000;

/** An accepted event of these kinds keeps the session. */
const ACTIVITY: ReadonlySet<RequestEvent> = new Set([
  'message:send',
  'message:edit',
  'message:delete',
  'message:react',
  'typing',
  'read',
]);

/**
 * The warning that the server is about to end an idle session (`session:idle`). It ends with the next activity, with the connection,
 * or some time after the announced end.
 */
export class IdleWarning {
  readonly #request: Connection['request'];
  readonly #onChange: (endsAt: string | null) => void;
  /** Aborted when the warning ends. */
  #warning: AbortController | undefined;
  #isStaying = false;

  /** @param options.onChange receives when the session ends (ISO 8601), or null */
  constructor(options: { request: Connection['request']; onChange: (endsAt: string | null) => void }) {
    this.#request = options.request;
    this.#onChange = options.onChange;
  }

  warned({ endsAt }: IdlePacket): void {
    this.#warning?.abort();
    const warning = new AbortController();
    this.#warning = warning;
    this.#onChange(endsAt);
    const remainingMs = Math.min(MAX_REMAINING_MS, Math.max(0, Date.parse(endsAt) - Date.now()));
    void pause(remainingMs + OUTDATED_AFTER_MS, warning.signal).then(() => {
      if (!warning.signal.aborted) this.reset();
    });
  }

  /** Call with each event that the server accepted. */
  accepted(event: RequestEvent): void {
    if (ACTIVITY.has(event)) this.reset();
  }

  /** Sends an activity that others do not see. Retries until the server accepts it or the warning ends. */
  async stay(): Promise<void> {
    if (!this.#warning || this.#isStaying) return;
    const { signal } = this.#warning;
    this.#isStaying = true;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const reply = await this.#request('typing', { conversationId: LOBBY_ID, isTyping: false });
      if (reply.ok || !reply.retryable) break;
      await pause(Math.max(retryDelayMs(failures), requestedDelayMs(reply.retryAfterMs)), signal);
    }
    this.#isStaying = false;
  }

  /** Ends the warning. */
  reset(): void {
    if (!this.#warning) return;
    this.#warning.abort();
    this.#warning = undefined;
    this.#onChange(null);
  }
}
