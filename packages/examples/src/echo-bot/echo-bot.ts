import { setTimeout as pause } from 'node:timers/promises';
import { ChatClient, LOBBY_ID, ParleyError } from '@parley/client';
import type { Message } from '@parley/protocol';

/** The bot replies to messages in the lobby that begin with this. */
const COMMAND = '!echo ';

/** Wait before the next attempt to join, if the server does not give one. */
const DEFAULT_RETRY_MS = 2_000;

export interface EchoBotOptions {
  readonly url: string;
  readonly displayName: string;
  readonly report: (line: string) => void;
}

/**
 * Replies to `!echo TEXT` in the lobby with TEXT, as long as the process runs.
 *
 * The client library does the hard part. It renews the access token before it expires, reconnects after a lost connection,
 * fetches the messages that were missed, and keeps each reply until the cluster has stored it. The bot handles the one case that
 * a library cannot decide: the login itself ends (for instance, its refresh cookie expired during a long outage). A guest
 * then joins again.
 */
export class EchoBot {
  readonly #options: EchoBotOptions;
  readonly #chat: ChatClient;
  /** Every message up to this seq was processed. Undefined until the first page is loaded: older commands get no reply. */
  #handledSeq: number | undefined;
  #isStopped = false;

  constructor(options: EchoBotOptions) {
    this.#options = options;
    this.#chat = new ChatClient({ url: options.url });
    this.#chat.subscribe(() => this.#onChange());
  }

  /** Joins as a guest and begins to reply. Retries while the cluster cannot be reached. */
  async start(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#chat.joinAsGuest(this.#options.displayName);
        await this.#chat.open(LOBBY_ID);
        return;
      } catch (error) {
        // Every failure of the library is a ParleyError. Only `retryable` ones can succeed later.
        if (!(error instanceof ParleyError) || !error.retryable) throw error;
        this.#options.report(`cannot join ${this.#options.url} yet: ${error.message} Trying again.`);
        await pause(error.retryAfterMs ?? DEFAULT_RETRY_MS);
      }
    }
  }

  /** Ends the connection and every timer of the library; the process can exit then. */
  stop(): void {
    this.#isStopped = true;
    this.#chat.close();
  }

  /** The library calls this after every change of anything. The snapshot is cheap to read: it is one immutable value. */
  #onChange(): void {
    const { signOutReason, me, views, connection } = this.#chat.getSnapshot();
    // Others waited while nobody needed the bot. It has no user to ask, so it queues for a slot again.
    if (connection.phase === 'idle-ended') queueMicrotask(() => this.#chat.reconnect());
    if (signOutReason === 'login-expired' && !this.#isStopped) {
      this.#options.report('the login has expired: joining again');
      void this.start();
      return;
    }
    const lobby = views.get(LOBBY_ID);
    if (!me || !lobby?.isLoaded) return;
    // Messages are in seq order without a gap, so one number says which of them are new.
    const newestSeq = lobby.messages.at(-1)?.seq ?? 0;
    const handledSeq = this.#handledSeq;
    this.#handledSeq = newestSeq;
    if (handledSeq === undefined) {
      this.#options.report('ready');
      return;
    }
    for (const message of lobby.messages) {
      if (message.seq > handledSeq && message.senderId !== me.id) this.#answer(message);
    }
  }

  #answer(message: Message): void {
    if (message.kind !== 'text' || !message.text?.startsWith(COMMAND)) return;
    // `send` never waits: the library retries until the message is stored, and the cluster accepts it once.
    this.#chat.send(LOBBY_ID, message.text.slice(COMMAND.length), message.id);
  }
}
