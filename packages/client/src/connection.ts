import type { Handshake, HelloReply, Refused } from '@parley/protocol';
import { ConnectionHandover, type SocketSessionHooks } from './connection/connection-handover.ts';
import { CLOSED_STATE, type ConnectionState } from './connection/connection-state.ts';
import {
  type ChatSocket,
  type PacketHandlers,
  runSocketSession,
  type SocketEnd,
} from './connection/run-socket-session.ts';
import { type RequestEvent, type RequestPayload, type RequestReply, sendRequest } from './connection/send-request.ts';
import { ParleyError, unavailableError } from './parley-error.ts';
import { RateLimits } from './rate-limits.ts';
import { delayAfterMs, pause, requestedDelayMs } from './retry-delay.ts';

/** A connection that lasted at least this long resets the backoff. */
const STABLE_AFTER_MS = 1_000;

/** Wait before the next attempt in `waiting`, if the server does not give one. */
const DEFAULT_WAIT_MS = 3_000;

/** Minimum wait in `waiting`, whatever the server gives. */
const MIN_WAIT_MS = 250;

export interface ConnectionOptions {
  /** Base URL of the cluster; '' is the origin of the page. */
  readonly url: string;
  /** A connection with the same id is a reconnect, not a second session. */
  readonly deviceId: string;
  /** Returns an access token for a handshake. Rejects with a `ParleyError`. */
  readonly accessToken: () => Promise<string>;
  /** Renews the access token. Rejects with a `ParleyError`, `UNAUTHENTICATED` if the login has ended. */
  readonly refreshToken: () => Promise<unknown>;
  readonly handlers: PacketHandlers;
  readonly onState: (state: ConnectionState) => void;
}

/** The state after the end of a socket session, and the delay before the next attempt; undefined waits for `takeOver` or `reconnect`. */
interface NextStep {
  readonly state: ConnectionState;
  readonly delayMs: number | undefined;
}

/**
 * Keeps one user connected. Each connection attempt is a new socket with a fresh access token.
 *
 *                  start                    hello acked
 *     closed ───────────────▶ connecting ───────────────▶ online
 *
 * ## closed
 * Not started, or stopped. `start` leads to `connecting`. `stop` leads here from every state.
 *
 * ## connecting
 * An attempt is running, or a handover was interrupted for longer than the grace period.
 *
 * ## online
 * The server has acked `session:hello`. On `server:draining` a `ConnectionHandover` moves to another server while the state
 * stays `online`.
 *
 * ## offline
 * The connection was lost, the server was not reached, or it ended the session for a reason other than those below. The
 * next attempt follows after exponential backoff with jitter.
 * `retryNow` ends the wait, but not before the time that the server asked for.
 *
 * ## waiting
 * The server replied `SERVER_FULL`: all session slots are taken. The client retries with its wait ticket after the time that
 * the server asked for and stays `waiting` until it is admitted or gets another error.
 *
 * ## already-connected
 * The server replied `ALREADY_CONNECTED`: the user has a session on another device or tab. `takeOver` leads to `connecting`.
 *
 * ## replaced
 * Another device or tab took over the session (`session:replaced`). `takeOver` leads to `connecting`.
 *
 * ## idle-ended
 * The server ended the session, because the user was inactive while others waited for a slot (`session:expired` with `IDLE`). An
 * automatic attempt would put an absent user into the queue, so only `reconnect` leads to `connecting`.
 *
 * ## expired
 * The login has ended. `UNAUTHENTICATED`, in a handshake or in `session:expired`, first renews the access token and retries
 * through `offline`; only if the renewal is rejected too, the state becomes `expired`. Needs a new login and `start`.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #state: ConnectionState = CLOSED_STATE;
  #socket: ChatSocket | undefined;
  #running: AbortController | undefined;
  #wait = new AbortController();
  /** The time before which the server wants no further attempt, by the monotonic clock. */
  #retryFrom = 0;
  readonly #rateLimits = new RateLimits();
  #failures = 0;
  #onlineSinceMs: number | undefined;
  /**
   * Attempt number of the handshake, from which servers recognise and reject an older attempt that arrives late. Based on
   * the clock, because it must also grow across reloads of the page.
   */
  #attempt = 0;
  #takeover = false;
  #waitTicket: string | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects and stays connected. Does nothing if it is already running. */
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

  /** Ends the user's other session and connects here. */
  takeOver(): void {
    this.#takeover = true;
    this.#wait.abort();
  }

  /** Connects again after `idle-ended`. */
  reconnect(): void {
    if (this.#state.phase === 'idle-ended') this.#wait.abort();
  }

  /** Ends the wait between two attempts, for example when the network is back. */
  retryNow(): void {
    if (this.#state.phase === 'offline' && performance.now() >= this.#retryFrom) this.#wait.abort();
  }

  /** Sends an event and waits for its ack. Never rejects: without a connection or an answer the reply is `UNAVAILABLE`. */
  request<E extends RequestEvent>(event: E, payload: RequestPayload<E>): Promise<RequestReply<E> | Refused> {
    return sendRequest(this.#socket, this.#rateLimits, event, payload);
  }

  async #run(running: AbortController): Promise<void> {
    const { signal } = running;
    while (!signal.aborted) {
      if (this.#state.phase !== 'waiting') this.#enter({ phase: 'connecting' });
      const handover = new ConnectionHandover({
        running: signal,
        runSocket: (hooks) => this.#runSocket(hooks),
        onInterrupted: () => this.#enter({ phase: 'connecting' }),
      });
      const end = await handover.ended();
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

  async #runSocket({ signal, onOnline, onDraining }: SocketSessionHooks): Promise<SocketEnd> {
    const { url, deviceId, handlers, accessToken } = this.#options;
    let openedSocket: ChatSocket | undefined;
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
          openedSocket = socket;
          this.#online(socket, hello);
          onOnline();
        },
      });
    } catch (error) {
      return { kind: 'refused', error: asParleyError(error) };
    } finally {
      if (this.#socket === openedSocket) this.#socket = undefined;
    }
  }

  #online(socket: ChatSocket, { session, heads }: HelloReply): void {
    this.#socket = socket;
    this.#takeover = false;
    this.#waitTicket = undefined;
    this.#onlineSinceMs = performance.now();
    this.#enter({ phase: 'online', session, heads });
  }

  async #nextStep(end: SocketEnd): Promise<NextStep> {
    if (end.kind === 'replaced') return { state: { phase: 'replaced' }, delayMs: undefined };
    if (end.kind === 'expired') {
      if (end.end.code === 'IDLE') return { state: { phase: 'idle-ended' }, delayMs: undefined };
      return end.end.code === 'UNAUTHENTICATED' ? this.#renew() : this.#retry(unavailableError());
    }
    if (end.kind !== 'refused') return this.#retry(unavailableError());
    const { error } = end;
    switch (error.code) {
      case 'SERVER_FULL':
        this.#failures = 0;
        this.#waitTicket = error.waitTicket ?? this.#waitTicket;
        return {
          state: { phase: 'waiting', position: error.position },
          delayMs: requestedDelayMs(Math.max(MIN_WAIT_MS, error.retryAfterMs ?? DEFAULT_WAIT_MS)),
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
    this.#retryFrom = performance.now() + (error.retryAfterMs ?? 0);
    const delayMs = delayAfterMs(this.#failures, error);
    return { state: { phase: 'offline', error, retryAtMs: Date.now() + delayMs }, delayMs };
  }

  #enter(state: ConnectionState): void {
    const hasDetails = state.phase === 'waiting' || state.phase === 'online';
    if (state.phase === this.#state.phase && !hasDetails) return;
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
