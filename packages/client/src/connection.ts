import type { Handshake, HelloReply, Refused } from '@parley/protocol';
import { ConnectionHandover, type SocketSessionHooks } from './connection/connection-handover.ts';
import { CLOSED_STATE, type ConnectionState } from './connection/connection-state.ts';
import {
  type ChatSocket,
  type PacketHandlers,
  runSocketSession,
  type SocketSessionEnd,
} from './connection/run-socket-session.ts';
import { type RequestEvent, type RequestPayload, type RequestReply, sendRequest } from './connection/send-request.ts';
import { ParleyError, unavailableError } from './parley-error.ts';
import { pause, requestedDelayMs, retryDelayMs } from './retry-delay.ts';

/** How long a connection must have held for the next loss to count as the first one. */
const STABLE_AFTER_MS = 1_000;

/** When the server does not say when a place may be free. */
const DEFAULT_WAIT_MS = 3_000;

export interface ConnectionOptions {
  /** Where the cluster is; '' = where the page came from. */
  readonly url: string;
  /** The same one again is a reconnect, not a second session. */
  readonly deviceId: string;
  /** A token for a handshake. Rejects with a ParleyError. */
  readonly accessToken: () => Promise<string>;
  /** Renews the token that `accessToken` gives. Rejects with a ParleyError, `UNAUTHENTICATED` when the login has ended. */
  readonly refreshToken: () => Promise<unknown>;
  readonly handlers: PacketHandlers;
  readonly onState: (state: ConnectionState) => void;
}

/** What follows the end of a socket: the state, and for how long; undefined = until someone wakes it. */
interface NextStep {
  readonly state: ConnectionState;
  readonly delayMs: number | undefined;
}

/**
 * The one connection of a user, through all its sockets: each attempt is a socket of its own with a fresh token.
 *
 *                  start                    hello acked
 *     closed ───────────────▶ connecting ───────────────▶ online
 *
 * From `connecting` and `online`, by what the server says or what breaks:
 *
 *  - lost, not reached, any other refusal → `offline`, then after a growing, jittered wait → `connecting`
 *  - `SERVER_FULL` → `waiting`; after the wait that the server asked for it tries again with its ticket, still `waiting`,
 *    until it is let in or something else is said
 *  - `ALREADY_CONNECTED` → `elsewhere`, and `session:replaced` → `replaced`: both stay until `takeOver` → `connecting`
 *  - `UNAUTHENTICATED`, also as the reason of `session:expired`: renews the token and tries again, through `offline`; if
 *    the login itself has ended → `expired`, until `start`
 *
 * `server:draining` leads from `online` to `online`, with another session: at a random moment within the time that the
 * server gives, the next socket is opened while the old one lives, and takes over. Where the old one has ended and the
 * next one is not there soon → `connecting`; where that one fails, too, as above.
 *
 * `stop` leads from every state to `closed`. `retryNow` ends a wait.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #state: ConnectionState = CLOSED_STATE;
  #socket: ChatSocket | undefined;
  #running: AbortController | undefined;
  #wait = new AbortController();
  #failures = 0;
  #onlineSinceMs: number | undefined;
  /** Above those of the same device before a reload, too; one that was given up may still be on its way to a server. */
  #attempt = 0;
  #takeover = false;
  #waitTicket: string | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects, and stays connected. Does nothing while it runs. */
  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#failures = 0;
    void this.#run(this.#running);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#wait.abort();
    this.#takeover = false;
    this.#waitTicket = undefined;
    this.#enter(CLOSED_STATE);
  }

  /** Continues here and ends the session elsewhere. */
  takeOver(): void {
    this.#takeover = true;
    this.#wait.abort();
  }

  /** Ends the wait between two attempts, such as when the network is back. */
  retryNow(): void {
    if (this.#state.phase === 'offline') this.#wait.abort();
  }

  /** Asks the server. Never rejects: no connection and no answer are `UNAVAILABLE`, like any other refusal. */
  request<E extends RequestEvent>(event: E, payload: RequestPayload<E>): Promise<RequestReply<E> | Refused> {
    return sendRequest(this.#socket, event, payload);
  }

  async #run(running: AbortController): Promise<void> {
    const { signal } = running;
    while (!signal.aborted) {
      if (this.#state.phase !== 'waiting') this.#enter({ phase: 'connecting' });
      const relay = new ConnectionHandover({
        running: signal,
        runSocketSession: (hooks) => this.#runSocketSession(hooks),
        onInterrupted: () => this.#enter({ phase: 'connecting' }),
      });
      const end = await relay.ended();
      if (signal.aborted) return;
      const { state, delayMs } = await this.#nextStep(end);
      if (signal.aborted) return;
      this.#wait = new AbortController();
      if (state.phase === 'expired') this.#running = undefined;
      this.#enter(state);
      if (state.phase === 'expired') return;
      await waitFor(delayMs, this.#wait.signal);
    }
  }

  async #runSocketSession({ signal, onOnline, onDraining }: SocketSessionHooks): Promise<SocketSessionEnd> {
    const { url, deviceId, handlers, accessToken } = this.#options;
    let own: ChatSocket | undefined;
    try {
      const token = await accessToken();
      this.#attempt = Math.max(Date.now(), this.#attempt + 1);
      const handshake: Handshake = {
        token,
        deviceId,
        takeover: this.#takeover,
        waitTicket: this.#waitTicket,
        attempt: this.#attempt,
      };
      return await runSocketSession({
        url,
        handshake,
        handlers,
        signal,
        onDraining,
        onOnline: (socket, hello) => {
          own = socket;
          this.#online(socket, hello);
          onOnline();
        },
      });
    } catch (error) {
      return { how: 'refused', error: asParleyError(error) };
    } finally {
      if (this.#socket === own) this.#socket = undefined;
    }
  }

  #online(socket: ChatSocket, { session, heads }: HelloReply): void {
    this.#socket = socket;
    this.#takeover = false;
    this.#waitTicket = undefined;
    this.#onlineSinceMs = performance.now();
    this.#enter({ phase: 'online', session, heads });
  }

  async #nextStep(end: SocketSessionEnd): Promise<NextStep> {
    if (end.how === 'replaced') return { state: { phase: 'replaced' }, delayMs: undefined };
    if (end.how === 'expired')
      return end.end.code === 'UNAUTHENTICATED' ? this.#renew() : this.#retry(unavailableError());
    if (end.how !== 'refused') return this.#retry(unavailableError());
    const { error } = end;
    switch (error.code) {
      case 'SERVER_FULL':
        this.#failures = 0;
        this.#waitTicket = error.waitTicket ?? this.#waitTicket;
        return {
          state: { phase: 'waiting', position: error.position },
          delayMs: requestedDelayMs(error.retryAfterMs ?? DEFAULT_WAIT_MS),
        };
      case 'ALREADY_CONNECTED':
        return { state: { phase: 'already-connected', since: error.since }, delayMs: undefined };
      case 'UNAUTHENTICATED':
        return this.#renew();
      default:
        return this.#retry(error);
    }
  }

  async #renew(): Promise<NextStep> {
    try {
      await this.#options.refreshToken();
      return this.#retry(unavailableError());
    } catch (error) {
      const reason = asParleyError(error);
      if (reason.code === 'UNAUTHENTICATED') return { state: { phase: 'expired' }, delayMs: 0 };
      return this.#retry(reason);
    }
  }

  #retry(error: ParleyError): NextStep {
    const heldMs = this.#onlineSinceMs === undefined ? 0 : performance.now() - this.#onlineSinceMs;
    this.#onlineSinceMs = undefined;
    this.#failures = heldMs > STABLE_AFTER_MS ? 1 : this.#failures + 1;
    const backoffMs = retryDelayMs(this.#failures);
    const requestedMs = error.retryAfterMs === undefined ? 0 : requestedDelayMs(error.retryAfterMs);
    return { state: { phase: 'offline', error }, delayMs: Math.max(backoffMs, requestedMs) };
  }

  #enter(state: ConnectionState): void {
    const tellsNews = state.phase === 'waiting' || state.phase === 'online';
    if (state.phase === this.#state.phase && !tellsNews) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

const asParleyError = (error: unknown) => (error instanceof ParleyError ? error : unavailableError(error));

async function waitFor(delayMs: number | undefined, signal: AbortSignal): Promise<void> {
  if (delayMs !== undefined) return pause(delayMs, signal);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
