import type { UserId } from '@parley/protocol';

/** Names one holding of a place. A later holder has another one, so that a late release or renewal changes nothing. */
export type FencingToken = string & { readonly __brand: 'FencingToken' };

/** Which user's place, and by which holding. */
export interface Holding {
  readonly userId: UserId;
  readonly token: FencingToken;
}

export interface SessionLease {
  readonly userId: UserId;
  readonly token: FencingToken;
  /** The chat server that holds the session. */
  readonly node: string;
  /** The same device may replace its own session: a reconnect. */
  readonly deviceId: string | undefined;
  readonly startedAtMs: number;
  /** When the user's proof of identity ends, unless refreshed before; Unix milliseconds. */
  readonly authorisedUntilMs: number;
  /** When the place is free again unless renewed before; Unix milliseconds by Redis' clock. */
  readonly expiresAtMs: number;
}

export interface AcquireRequest {
  userId: UserId;
  token: FencingToken;
  node: string;
  deviceId?: string | undefined;
  authorisedUntilMs: number;
  /** Counts up with each attempt of a device; a lower one than that of the device's session is late, and never replaces it. */
  attempt?: number | undefined;
  /** End the user's other session, whatever its device. */
  takeover: boolean;
  /** From the last `full`. A place in the queue is the user's, so a wrong or missing one neither gains nor loses it. */
  waitTicket?: string | undefined;
}

export type AcquireOutcome =
  /**
   * The place is held. `replaced` is the session of the same user that lost it and must be closed on its node. The same
   * token again has the same outcome.
   */
  | { kind: 'acquired'; startedAtMs: number; replaced?: { node: string; token: FencingToken } }
  /** `position` 1 is next. Come back after `retryAfterMs` with the ticket; some time after that others pass. */
  | { kind: 'full'; position: number; waitTicket: string; retryAfterMs: number }
  | { kind: 'already-connected'; startedAtMs: number };

/**
 * At most `maxClients` places, at most one for each user, each free again by itself when nobody renews it.
 *
 * Every call is one atomic step on the shared state, so the bounds hold on any interleaving of any number of servers. Times
 * are those of the shared state, never of a caller. A call either rejects, and may or may not have happened, or tells
 * its outcome; all may be repeated. An `acquire` that its caller has given up does not happen later.
 *
 * A lease is held until it expires. After a silence in which no server could renew, expired leases and waiting users count
 * on for a moment, so that the sessions that live can be renewed before a newcomer has their places.
 */
export interface SessionLeases {
  acquire(request: AcquireRequest): Promise<AcquireOutcome>;

  /**
   * Holds the places for another TTL, all of a server's in one call; also those that have expired while nobody else was
   * given the place. A server that holds none calls it all the same: it shows that servers can renew.
   *
   * @returns those that are lost: taken over, or expired and given away. Their sessions must end.
   */
  renew(held: readonly Holding[]): Promise<Holding[]>;

  /**
   * Gives places back, all in one call. Without effect where the token no longer holds the place.
   *
   * @returns how many places were freed
   */
  release(held: readonly Holding[]): Promise<number>;

  /**
   * Gives back every place of a server. A server calls it as it starts: what is held under its name is left from before
   * a crash, because names are unique.
   *
   * @returns how many places were freed
   */
  releaseNode(node: string): Promise<number>;

  /** Notes that the user's identity is proven until then, if a session is there. False where there is none. */
  extendAuthorisation(userId: UserId, authorisedUntilMs: number): Promise<boolean>;

  /** The user's lease, while it is held. */
  find(userId: UserId): Promise<SessionLease | undefined>;

  /** Who holds a place now, oldest first, and how many wait. */
  ledger(): Promise<{ leases: SessionLease[]; waiting: number }>;

  /** How many places are held and how many users wait; cheap. */
  count(): Promise<{ held: number; waiting: number }>;

  /** Who holds a place now, in no particular order; cheaper than the ledger. */
  liveUsers(): Promise<UserId[]>;
}
