import { type AcquireOutcome, type IdleSession, newFencingToken, type SessionLeases } from '@parley/leases';
import type { UserId } from '@parley/protocol';
import { type Logger, type Loop, startLoop } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Session, SessionEndReason } from '../session.ts';
import { elapsedMs } from './elapsed-time.ts';
import type { ServerRpc } from './server-rpc.ts';
import type { SubscriptionHealth } from './subscription-health.ts';

/** How often a lease is renewed within its TTL. A few failed renewals lose no slot. */
const RENEWALS_PER_TTL = 5;

/** Renewals report activity and end idle sessions, so they are not rarer than this, however long the TTL is. */
const MAX_RENEWAL_INTERVAL_MS = 3_000;

/** How often deadlines are checked. */
const SWEEP_INTERVAL_MS = 250;

export interface OpenRequest {
  userId: UserId;
  deviceId: string | undefined;
  takeover: boolean;
  isGuest: boolean;
  /** The client's address, for the slots of one address. */
  address: string;
  waitTicket: string | undefined;
  attempt: number | undefined;
  authorisedUntilMs: number;
}

export type OpenOutcome =
  | { kind: 'opened'; session: Session }
  | Exclude<AcquireOutcome, { kind: 'acquired' }>
  /** Another connection of the same user acquired the slot while this one was opened. */
  | { kind: 'replaced' };

export interface SessionRegistryParts {
  node: string;
  leases: SessionLeases;
  rpc: ServerRpc;
  health: SubscriptionHealth;
  logger: Logger;
  metrics: ChatServerMetrics;
  sessionTtlMs: number;
  /** 0 = off. */
  firstEventDeadlineMs: number;
}

/**
 * The sessions of this server. The registry acquires their slots, renews the leases of all sessions in one call, and releases them.
 *
 * **Opening**: a session is registered before its lease is requested. A replacement notice is then handled even if it arrives
 * before the Redis reply. If the slot was held by another session of the same user, that session is closed first.
 *
 * **Open**: the lease is renewed five times per TTL. Events are handled only while the slot is certainly held (`isHeld`): the last
 * renewal is younger than the TTL, and the server's subscription is healthy. Otherwise clients get `UNAVAILABLE` and retry. A machine
 * that was suspended for longer than the TTL confirms its sessions before it handles their events.
 *
 * **Idle**: users wait for a slot, and this session is one of those without activity for the longest time (`SessionLeases`). Its client
 * is warned, and the session ends at the time of the warning. Activity that the leases do not know yet prevents that.
 *
 * **Ended**, once, by the first of these reasons: the client disconnected; another session of the user replaced it; a renewal found
 * the lease lost; no valid event arrived before the deadline (`silent`); it was idle while others waited (`idle`); the access token
 * expired and was not refreshed; the client reads too slowly (`slow`), or sent too many packets in one request (`excessive`); the
 * server lost Redis and another one is ready (`isolated`); the server shuts down. The connection is closed and the slot is released.
 * This server does not release a slot that was replaced or lost. While Redis is unavailable the release is retried with every sweep.
 */
export class SessionRegistry {
  readonly #parts: SessionRegistryParts;
  readonly #sessions = new Map<string, Session>();
  readonly #unreleased = new Set<Session>();
  #releasing: Promise<void> | undefined;
  /** `elapsedMs()` of the last successful renewal. */
  #renewedAt = elapsedMs();
  #loops: Loop[] = [];

  constructor(parts: SessionRegistryParts) {
    this.#parts = parts;
  }

  /** Releases the slots that a crashed process of this name left, then renews leases until `close`. */
  async start(): Promise<void> {
    const { leases, node, logger, metrics, sessionTtlMs } = this.#parts;
    const freed = await leases.releaseNode(node);
    if (freed > 0) logger.warn({ freed }, 'released the slots of an earlier process of this server');
    const onErrorOf = (loop: 'renew' | 'sweep') => () => metrics.chat_background_errors_total.inc({ loop });
    const everyMs = Math.min(sessionTtlMs / RENEWALS_PER_TTL, MAX_RENEWAL_INTERVAL_MS);
    this.#loops = [
      startLoop('renew', () => this.#renew(), {
        everyMs,
        logger,
        onError: onErrorOf('renew'),
        maxBackoffMs: everyMs,
      }),
      startLoop('sweep', () => this.#sweep(), { everyMs: SWEEP_INTERVAL_MS, logger, onError: onErrorOf('sweep') }),
    ];
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Acquires a slot. If another session of the user is replaced, resolves after that one is closed: the two never overlap. */
  async open(request: OpenRequest): Promise<OpenOutcome> {
    const { leases, node, rpc, sessionTtlMs } = this.#parts;
    const session: Session = {
      userId: request.userId,
      token: newFencingToken(),
      fence: 0,
      startedAtMs: Date.now(),
      authorisedUntilMs: request.authorisedUntilMs,
      openedAt: performance.now(),
      heldUntil: 0,
      hasSentEvent: false,
      activeAt: undefined,
      isWarned: false,
      endedBy: undefined,
      closeConnection: undefined,
      warnIdle: undefined,
    };
    this.#sessions.set(session.token, session);
    const requestedAt = elapsedMs();
    let outcome: AcquireOutcome;
    try {
      outcome = await leases.acquire({ ...request, token: session.token, node });
    } catch (error) {
      // The lease may have been acquired although the call failed.
      this.end(session, 'disconnected');
      throw error;
    }
    if (outcome.kind !== 'acquired') {
      this.#sessions.delete(session.token);
      return outcome;
    }
    session.startedAtMs = outcome.startedAtMs;
    session.fence = outcome.fence;
    session.heldUntil = requestedAt + sessionTtlMs;
    const { replaced } = outcome;
    if (replaced?.node === node) this.endReplaced(replaced.token);
    else if (replaced) await rpc.endSession(replaced.node, replaced.token, { isSameDevice: !request.takeover });
    return session.endedBy ? { kind: 'replaced' } : { kind: 'opened', session };
  }

  /** Whether this server certainly holds the session's slot now. Events of the client are handled only then. */
  isHeld(session: Session): boolean {
    return session.endedBy === undefined && elapsedMs() < session.heldUntil && this.#parts.health.isCertain;
  }

  /** Ends the sessions that lost their slots. Rejects while Redis is unavailable. */
  confirm(): Promise<void> {
    return this.#renew();
  }

  /** Ends the session whose slot went to another session of the same user. */
  endReplaced(token: string): void {
    const session = this.#sessions.get(token);
    if (session) this.end(session, 'replaced');
  }

  /** Closes the session's connection and releases its slot. Only the first call has an effect. */
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

  /** Releases the slots of ended sessions. Sessions that end during a call share the next one: thousands may end at once. */
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
      logger.debug({ err: error, slots: this.#unreleased.size }, 'releasing slots failed; the next sweep tries again');
    } finally {
      this.#releasing = undefined;
    }
  }

  async #renew(): Promise<void> {
    const { leases, sessionTtlMs, logger, metrics } = this.#parts;
    const held = [...this.#sessions.values()].filter((session) => session.heldUntil > 0);
    const requestedAt = elapsedMs();
    const renewals = held.map(({ userId, token, activeAt }) => {
      const activeAgoMs = activeAt === undefined ? undefined : Math.max(0, Math.floor(requestedAt - activeAt));
      return { userId, token, activeAgoMs };
    });
    const outcome = await leases.renew(renewals);
    const lost = new Set(outcome.lost.map(({ token }) => token));
    const idle = new Map(outcome.idle.map((session) => [session.token, session]));
    for (const session of held) {
      if (lost.has(session.token)) {
        this.end(session, 'lost');
        continue;
      }
      session.heldUntil = requestedAt + sessionTtlMs;
      if (session.activeAt !== undefined && session.activeAt <= requestedAt) session.activeAt = undefined;
      this.#handleIdle(session, idle.get(session.token));
    }
    this.#renewedAt = requestedAt;
    if (lost.size > 0)
      logger.warn({ lost: lost.size }, 'session slots were lost: their leases were not renewed in time');
    metrics.chat_sessions.set(this.#sessions.size);
  }

  /** @param idle undefined = the session may go on */
  #handleIdle(session: Session, idle: IdleSession | undefined): void {
    // Active since the renewal was sent: the next one reports it.
    const isIdle = idle !== undefined && session.activeAt === undefined;
    if (!isIdle) {
      session.isWarned = false;
    } else if (idle.endsInMs <= 0) {
      this.end(session, 'idle');
    } else if (!session.isWarned && session.warnIdle) {
      session.isWarned = true;
      session.warnIdle(Date.now() + idle.endsInMs);
    }
  }

  async #sweep(): Promise<void> {
    void this.#release();
    const { firstEventDeadlineMs } = this.#parts;
    const openedBefore = performance.now() - firstEventDeadlineMs;
    const now = Date.now();
    const expired: Session[] = [];
    for (const session of this.#sessions.values()) {
      if (firstEventDeadlineMs > 0 && !session.hasSentEvent && session.openedAt <= openedBefore)
        this.end(session, 'silent');
      else if (session.authorisedUntilMs <= now) expired.push(session);
    }
    await Promise.all(expired.map((session) => this.#endUnlessRefreshed(session)));
    // After a suspension or an outage no session is served before the next renewal.
    if (elapsedMs() - this.#renewedAt > this.#parts.sessionTtlMs) await this.#renew();
  }

  /** The token may have been refreshed over REST on any server. The lease has the newest expiry. */
  async #endUnlessRefreshed(session: Session): Promise<void> {
    const lease = await this.#parts.leases.find(session.userId);
    if (lease?.token === session.token && lease.authorisedUntilMs > session.authorisedUntilMs) {
      session.authorisedUntilMs = lease.authorisedUntilMs;
    } else {
      this.end(session, 'unauthorised');
    }
  }

  /** Ends every session and releases its slot. Slots that cannot be released now expire with their leases. */
  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    for (const session of [...this.#sessions.values()]) this.end(session, 'shutdown');
    await this.#release();
  }
}
