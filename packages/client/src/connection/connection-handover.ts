import { delayAfterMs, pause } from '../retry-delay.ts';
import type { SocketEnd } from './run-socket-session.ts';

/** A handover that leaves the client without a socket for longer than this counts as an interruption. */
const GRACE_MS = 2_000;

/** Arguments with which the handover runs a socket. */
export interface SocketSessionHooks {
  readonly signal: AbortSignal;
  readonly onOnline: () => void;
  readonly onDraining: (reconnectWithinMs: number) => void;
}

interface SocketSession {
  readonly ended: Promise<SocketEnd>;
  /** Aborted when the session has ended. */
  readonly signal: AbortSignal;
  /** Resolves with whether the session came online. */
  readonly wentOnline: Promise<boolean>;
  readonly end: () => void;
  handoverStarted: boolean;
}

/**
 * Runs a socket, and replaces it when its server drains.
 *
 * ## Steady
 * One socket is current. Its end is the end of the connection.
 *
 * ## Handing over
 * After `server:draining` and a random delay the next socket opens with the same device id while the old one is still
 * connected. The server then gives the user's session slot to the new socket and ends the old one, so the slot is never free
 * in between. When the new socket is online, the state is steady again.
 *
 * ## Retrying
 * If the new socket fails, the old one becomes current again, and the handover is retried with backoff until it succeeds or
 * the old socket ends.
 */
export class ConnectionHandover {
  readonly #running: AbortSignal;
  readonly #runSocket: (hooks: SocketSessionHooks) => Promise<SocketEnd>;
  readonly #onInterrupted: () => void;
  #current: SocketSession;

  /** @param options.running ends all sockets when aborted */
  constructor(options: {
    running: AbortSignal;
    runSocket: (hooks: SocketSessionHooks) => Promise<SocketEnd>;
    /** Called when the old socket has ended and the new one is not online within the grace period. */
    onInterrupted: () => void;
  }) {
    this.#running = options.running;
    this.#runSocket = options.runSocket;
    this.#onInterrupted = options.onInterrupted;
    this.#current = this.#open();
  }

  /** Resolves with the end of the last socket. Ignores the end of a socket that was handed over. */
  async ended(): Promise<SocketEnd> {
    for (;;) {
      const session = this.#current;
      const end = await session.ended;
      if (session === this.#current) return session.handoverStarted ? ignoreReplacement(end) : end;
      void this.#watchInterruption(this.#current);
    }
  }

  #open(): SocketSession {
    const ending = new AbortController();
    const online = Promise.withResolvers<boolean>();
    const signal = AbortSignal.any([this.#running, ending.signal]);
    let isDraining = false;
    const run = this.#runSocket({
      signal,
      onOnline: () => online.resolve(true),
      onDraining: (reconnectWithinMs) => {
        if (!isDraining) void this.#handOver(session, reconnectWithinMs);
        isDraining = true;
      },
    });
    const ended = run.finally(() => {
      online.resolve(false);
      ending.abort();
    });
    const session: SocketSession = {
      ended,
      signal,
      wentOnline: online.promise,
      end: () => ending.abort(),
      handoverStarted: false,
    };
    return session;
  }

  async #handOver(old: SocketSession, withinMs: number): Promise<void> {
    let delayMs = Math.random() * withinMs;
    for (let failures = 1; ; failures += 1) {
      await pause(delayMs, old.signal);
      if (old.signal.aborted) return;
      const next = this.#open();
      this.#current = next;
      old.handoverStarted = true;
      if (await next.wentOnline) return old.end();
      if (old.signal.aborted) return;
      this.#current = old;
      const end = await next.ended;
      delayMs = delayAfterMs(failures, end.kind === 'refused' ? end.error : undefined);
    }
  }

  async #watchInterruption(next: SocketSession): Promise<void> {
    const timer = setTimeout(this.#onInterrupted, GRACE_MS);
    await next.wentOnline;
    clearTimeout(timer);
  }
}

/**
 * During a handover our own next socket may be the one that replaced the old socket, even if it was lost before it came
 * online. If it was another device instead, the next attempt gets `ALREADY_CONNECTED`.
 */
const ignoreReplacement = (end: SocketEnd): SocketEnd => (end.kind === 'replaced' ? { kind: 'dropped' } : end);
