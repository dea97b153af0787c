import { pause, retryDelayMs } from '../retry-delay.ts';
import type { SocketSessionEnd } from './run-socket-session.ts';

/** How long a chat may be between two sockets before it counts as interrupted. */
const GRACE_MS = 2_000;

/** What the owner of a relay runs a socket with. */
export interface SocketSessionHooks {
  readonly signal: AbortSignal;
  readonly onOnline: () => void;
  readonly onDraining: (reconnectWithinMs: number) => void;
}

interface SocketSession {
  readonly ended: Promise<SocketSessionEnd>;
  /** Aborts when it has ended. */
  readonly signal: AbortSignal;
  /** Resolves with whether the server got to know it. */
  readonly wentOnline: Promise<boolean>;
  readonly end: () => void;
  /** Whether it has begun to hand over. */
  hasNext: boolean;
}

/**
 * A socket, and those that it hands over to because their server drains. The next one is opened while the old one lives,
 * with the same device id: the server then gives it the user's place, which is never free in between, and ends the old
 * one. A hand-over that fails is tried again as long as the old socket lives.
 */
export class ConnectionHandover {
  readonly #running: AbortSignal;
  readonly #runSocketSession: (hooks: SocketSessionHooks) => Promise<SocketSessionEnd>;
  readonly #onInterrupted: () => void;
  #current: SocketSession;

  /** @param options.running ends all of it */
  constructor(options: {
    running: AbortSignal;
    runSocketSession: (hooks: SocketSessionHooks) => Promise<SocketSessionEnd>;
    /** The old socket has ended, and the next one is not there soon. */
    onInterrupted: () => void;
  }) {
    this.#running = options.running;
    this.#runSocketSession = options.runSocketSession;
    this.#onInterrupted = options.onInterrupted;
    this.#current = this.#open();
  }

  /** Resolves with the end of the last socket; that of one that has handed over, or is just doing so, means nothing. */
  async ended(): Promise<SocketSessionEnd> {
    for (;;) {
      const life = this.#current;
      const end = await life.ended;
      if (life === this.#current) return life.hasNext ? withoutReplacement(end) : end;
      void this.#boundGap(this.#current);
    }
  }

  #open(): SocketSession {
    const ending = new AbortController();
    const online = Promise.withResolvers<boolean>();
    const signal = AbortSignal.any([this.#running, ending.signal]);
    let isDraining = false;
    const run = this.#runSocketSession({
      signal,
      onOnline: () => online.resolve(true),
      onDraining: (reconnectWithinMs) => {
        if (!isDraining) void this.#handOver(life, reconnectWithinMs);
        isDraining = true;
      },
    });
    const ended = run.finally(() => {
      online.resolve(false);
      ending.abort();
    });
    const life: SocketSession = {
      ended,
      signal,
      wentOnline: online.promise,
      end: () => ending.abort(),
      hasNext: false,
    };
    return life;
  }

  async #handOver(old: SocketSession, withinMs: number): Promise<void> {
    let delayMs = Math.random() * withinMs;
    for (let failures = 1; ; failures += 1) {
      await pause(delayMs, old.signal);
      if (old.signal.aborted) return;
      const next = this.#open();
      this.#current = next;
      old.hasNext = true;
      if (await next.wentOnline) return old.end();
      if (old.signal.aborted) return;
      this.#current = old;
      delayMs = retryDelayMs(failures);
    }
  }

  async #boundGap(next: SocketSession): Promise<void> {
    const timer = setTimeout(this.#onInterrupted, GRACE_MS);
    await next.wentOnline;
    clearTimeout(timer);
  }
}

/** By the next socket, it may be, which was lost before this one heard of it; if by another device, the next attempt is told so. */
const withoutReplacement = (end: SocketSessionEnd): SocketSessionEnd =>
  end.how === 'replaced' ? { how: 'dropped' } : end;
