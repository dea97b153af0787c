import { pause, retryDelayMs } from '../retry-delay.ts';
import type { SocketEnd } from './run-socket-session.ts';

/** How long a chat may be between two sockets before it counts as interrupted. */
const GRACE_MS = 2_000;

/** What the owner of a relay runs a socket with. */
export interface SocketHooks {
  readonly signal: AbortSignal;
  readonly onOnline: () => void;
  readonly onDraining: (reconnectWithinMs: number) => void;
}

interface SocketLife {
  readonly ended: Promise<SocketEnd>;
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
export class SocketRelay {
  readonly #running: AbortSignal;
  readonly #runSocket: (hooks: SocketHooks) => Promise<SocketEnd>;
  readonly #onInterrupted: () => void;
  #current: SocketLife;

  /** @param options.running ends all of it */
  constructor(options: {
    running: AbortSignal;
    runSocket: (hooks: SocketHooks) => Promise<SocketEnd>;
    /** The old socket has ended, and the next one is not there soon. */
    onInterrupted: () => void;
  }) {
    this.#running = options.running;
    this.#runSocket = options.runSocket;
    this.#onInterrupted = options.onInterrupted;
    this.#current = this.#open();
  }

  /** Resolves with the end of the last socket; that of one that has handed over, or is just doing so, means nothing. */
  async ended(): Promise<SocketEnd> {
    for (;;) {
      const life = this.#current;
      const end = await life.ended;
      if (life === this.#current) return life.hasNext ? withoutReplacement(end) : end;
      void this.#boundGap(this.#current);
    }
  }

  #open(): SocketLife {
    const ending = new AbortController();
    const online = Promise.withResolvers<boolean>();
    const signal = AbortSignal.any([this.#running, ending.signal]);
    let isDraining = false;
    const run = this.#runSocket({
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
    const life: SocketLife = { ended, signal, wentOnline: online.promise, end: () => ending.abort(), hasNext: false };
    return life;
  }

  async #handOver(old: SocketLife, withinMs: number): Promise<void> {
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

  async #boundGap(next: SocketLife): Promise<void> {
    const timer = setTimeout(this.#onInterrupted, GRACE_MS);
    await next.wentOnline;
    clearTimeout(timer);
  }
}

/** By the next socket, it may be, which was lost before this one heard of it; if by another device, the next attempt is told so. */
const withoutReplacement = (end: SocketEnd): SocketEnd => (end.how === 'replaced' ? { how: 'dropped' } : end);
