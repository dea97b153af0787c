import { type AcquireOutcome, newFencingToken, type SessionLeases } from '@parley/leases';
import type { UserId } from '@parley/protocol';
import { type Logger, type Loop, startLoop } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Session, SessionEndReason } from '../session.ts';
import type { NodeBus } from './server-rpc.ts';

/** A lease is renewed this many times in its life, so that a few failures cost nothing. */
const RENEWALS_PER_TTL = 5;

/** Deadlines are looked at this often. */
const SWEEP_MS = 250;

export interface OpenRequest {
  userId: UserId;
  deviceId: string | undefined;
  takeover: boolean;
  waitTicket: string | undefined;
  attempt: number | undefined;
  authorisedUntilMs: number;
}

export type OpenOutcome =
  | { kind: 'opened'; session: Session }
  | Exclude<AcquireOutcome, { kind: 'acquired' }>
  /** Another connection of the same user took the place before this one was up. */
  | { kind: 'replaced' };

export interface SessionRegistryParts {
  node: string;
  leases: SessionLeases;
  bus: NodeBus;
  logger: Logger;
  metrics: ChatServerMetrics;
  sessionTtlMs: number;
  /** 0 = off. */
  firstMessageDeadlineMs: number;
}

/**
 * The sessions that this server holds. It acquires their places, renews them in one call for all, ends those that
 * are lost, silent or no longer authorised, and gives the places back.
 *
 * A session is here before its lease is asked for, so that the notice that it was replaced finds it even when the notice
 * overtakes the answer. Where Redis can't be told that a session ended, the release is tried again with each sweep until it can.
 */
export class SessionRegistry {
  readonly #parts: SessionRegistryParts;
  readonly #sessions = new Map<string, Session>();
  readonly #unreleased = new Set<Session>();
  #releasing: Promise<void> | undefined;
  #loops: Loop[] = [];

  constructor(parts: SessionRegistryParts) {
    this.#parts = parts;
  }

  /** Frees what a crash left under this server's name, then keeps the sessions alive until `close`. */
  async start(): Promise<void> {
    const { leases, node, logger, metrics, sessionTtlMs } = this.#parts;
    const freed = await leases.releaseNode(node);
    if (freed > 0) logger.warn({ freed }, 'freed the places that this server held before it was restarted');
    const onErrorOf = (loop: 'renew' | 'sweep') => () => metrics.chat_background_errors_total.inc({ loop });
    this.#loops = [
      startLoop('renew', () => this.#renew(), {
        everyMs: sessionTtlMs / RENEWALS_PER_TTL,
        logger,
        onError: onErrorOf('renew'),
        maxBackoffMs: sessionTtlMs / RENEWALS_PER_TTL,
      }),
      startLoop('sweep', () => this.#sweep(), { everyMs: SWEEP_MS, logger, onError: onErrorOf('sweep') }),
    ];
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Asks for a place. When the user's other session is replaced, it resolves after that one was closed, so that the two never
   * stand side by side.
   */
  async open(request: OpenRequest): Promise<OpenOutcome> {
    const { leases, node, bus, sessionTtlMs } = this.#parts;
    const session: Session = {
      userId: request.userId,
      token: newFencingToken(),
      startedAtMs: Date.now(),
      authorisedUntilMs: request.authorisedUntilMs,
      openedAt: performance.now(),
      heldUntil: 0,
      hasSpoken: false,
      endedBy: undefined,
      closeConnection: undefined,
    };
    this.#sessions.set(session.token, session);
    let outcome: AcquireOutcome;
    try {
      outcome = await leases.acquire({ ...request, token: session.token, node });
    } catch (error) {
      // It may have happened all the same.
      this.end(session, 'disconnected');
      throw error;
    }
    if (outcome.kind !== 'acquired') {
      this.#sessions.delete(session.token);
      return outcome;
    }
    session.startedAtMs = outcome.startedAtMs;
    session.heldUntil = session.openedAt + sessionTtlMs;
    const { replaced } = outcome;
    if (replaced?.node === node) this.endReplaced(replaced.token);
    else if (replaced) await bus.endSession(replaced.node, replaced.token, { isSameDevice: !request.takeover });
    return session.endedBy ? { kind: 'replaced' } : { kind: 'opened', session };
  }

  /** Whether the session's place is certainly its own right now: only then is anything carried out for its client. */
  isHeld(session: Session): boolean {
    return session.endedBy === undefined && performance.now() < session.heldUntil && this.#parts.bus.isCertain;
  }

  /** Ends the sessions that lost their places. Rejects while Redis is away. */
  confirm(): Promise<void> {
    return this.#renew();
  }

  /** The session with this token lost its place to another one of the same user. */
  endReplaced(token: string): void {
    const session = this.#sessions.get(token);
    if (session) this.end(session, 'replaced');
  }

  /** Closes the session's connection and gives its place back. Only the first call has an effect. */
  end(session: Session, reason: SessionEndReason): void {
    if (session.endedBy !== undefined) return;
    session.endedBy = reason;
    this.#sessions.delete(session.token);
    this.#parts.metrics.chat_sessions_ended_total.inc({ reason });
    session.closeConnection?.(reason);
    if (reason === 'replaced' || reason === 'lost') return;
    this.#unreleased.add(session);
    void this.#release();
  }

  /** Gives back what is to be given back. Those that come meanwhile share the next call: thousands may end at once. */
  async #release(): Promise<void> {
    if (this.#unreleased.size === 0) return;
    this.#releasing ??= this.#releaseAll();
    await this.#releasing;
  }

  async #releaseAll(): Promise<void> {
    const { leases, logger } = this.#parts;
    try {
      while (this.#unreleased.size > 0) {
        const ended = [...this.#unreleased];
        await leases.release(ended);
        for (const session of ended) this.#unreleased.delete(session);
      }
    } catch (error) {
      logger.debug({ err: error, places: this.#unreleased.size }, 'places were not given back yet');
    } finally {
      this.#releasing = undefined;
    }
  }

  async #renew(): Promise<void> {
    const { leases, sessionTtlMs, logger, metrics } = this.#parts;
    const held = [...this.#sessions.values()].filter((session) => session.heldUntil > 0);
    const askedAt = performance.now();
    const lost = new Set((await leases.renew(held)).map(({ token }) => token));
    for (const session of held) {
      if (lost.has(session.token)) this.end(session, 'lost');
      else session.heldUntil = askedAt + sessionTtlMs;
    }
    if (lost.size > 0) logger.warn({ lost: lost.size }, 'places were lost: this server was not heard of in time');
    metrics.chat_sessions.set(this.#sessions.size);
  }

  async #sweep(): Promise<void> {
    void this.#release();
    const { firstMessageDeadlineMs } = this.#parts;
    const silentSince = performance.now() - firstMessageDeadlineMs;
    const now = Date.now();
    const expired: Session[] = [];
    for (const session of this.#sessions.values()) {
      if (firstMessageDeadlineMs > 0 && !session.hasSpoken && session.openedAt <= silentSince)
        this.end(session, 'silent');
      else if (session.authorisedUntilMs <= now) expired.push(session);
    }
    await Promise.all(expired.map((session) => this.#endUnlessRefreshed(session)));
  }

  /** The token may have been refreshed over REST, on any server; the lease knows. */
  async #endUnlessRefreshed(session: Session): Promise<void> {
    const lease = await this.#parts.leases.find(session.userId);
    if (lease?.token === session.token && lease.authorisedUntilMs > session.authorisedUntilMs) {
      session.authorisedUntilMs = lease.authorisedUntilMs;
    } else {
      this.end(session, 'unauthorised');
    }
  }

  /** Ends every session and gives all places back, as far as Redis can be told. */
  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    for (const session of [...this.#sessions.values()]) this.end(session, 'shutdown');
    await this.#release();
  }
}
