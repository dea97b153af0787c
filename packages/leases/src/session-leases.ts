import { randomBytes } from 'node:crypto';
import type { UserId } from '@parley/protocol';

/**
 * Identifies one acquisition of a session slot. A later holder of the slot has another token, so a delayed renewal or
 * release with an old one has no effect.
 */
export type FencingToken = string & { readonly __brand: 'FencingToken' };

/** Returns a fencing token of 128 random bits. */
export const newFencingToken = (): FencingToken => randomBytes(16).toString('base64url') as FencingToken;

/** Names one lease: a user's, with the token that acquired it. */
export interface LeaseRef {
  readonly userId: UserId;
  readonly token: FencingToken;
}

/** A lease to renew. */
export interface Renewal extends LeaseRef {
  /** How long ago the user was last active, ms. Undefined: not since the last renewal that succeeded. */
  readonly activeAgoMs?: number | undefined;
}

/** A session that ends soon, because it is idle and others wait. Activity keeps it. */
export interface IdleSession {
  readonly token: FencingToken;
  /** Time until it ends, ms. 0 or less: its server ends it now, unless the user was active since. */
  readonly endsInMs: number;
}

export interface RenewOutcome {
  /** The leases that were replaced, or deleted after their expiry. Their sessions must end. */
  readonly lost: LeaseRef[];
  readonly idle: IdleSession[];
}

export interface SessionLease {
  readonly userId: UserId;
  readonly token: FencingToken;
  /** The chat server that has the session. */
  readonly node: string;
  /** A session of the same device may replace this one: the device reconnects. */
  readonly deviceId: string | undefined;
  readonly startedAtMs: number;
  /** When the user's authorisation ends unless it is extended, in Unix milliseconds. */
  readonly authorisedUntilMs: number;
  /** When the lease expires unless it is renewed, in milliseconds of the session clock. */
  readonly expiresAtMs: number;
}

export interface AcquireRequest {
  userId: UserId;
  token: FencingToken;
  node: string;
  deviceId?: string | undefined;
  authorisedUntilMs: number;
  /**
   * A number that grows with each attempt of a device. An attempt with a lower number than that of the device's current
   * session is late, and never replaces it.
   */
  attempt?: number | undefined;
  /** Replaces the user's other session, whatever its device. */
  takeover: boolean;
  /** Guests may not take the reserved slots, and their idle sessions end first. Default: false. */
  isGuest?: boolean | undefined;
  /** The client's address, without white space: counts towards the slots of one address. Undefined = not counted. */
  address?: string | undefined;
  /** The ticket of the last `full`. The queue position belongs to the user, so a wrong or missing ticket changes nothing. */
  waitTicket?: string | undefined;
}

export type AcquireOutcome =
  /**
   * The user has the slot. `fence` orders the acquisitions: a later one has a higher number, so other parts can refuse what an
   * earlier session still does; 0 = an earlier release acquired the lease. `replaced` is the user's former session, which lost it: close it on its node. The same token
   * again has the same outcome.
   */
  | { kind: 'acquired'; startedAtMs: number; fence: number; replaced?: { node: string; token: FencingToken } }
  /** All slots are taken. `position` 1 is next. Try again after `retryAfterMs`; soon after that the position lapses. */
  | { kind: 'full'; position: number; waitTicket: string; retryAfterMs: number }
  /** The user has another session that this request may not replace. */
  | { kind: 'already-connected'; startedAtMs: number }
  /** The address has as many sessions as it may have. The user has no position in the queue. */
  | { kind: 'address-full' };

/**
 * Session slots: at most `maxClients` in the cluster and at most one for each user. Each slot is held by a lease.
 *
 * **Free → held.** `acquire` creates the lease when fewer users are ahead in the queue than there are free slots.
 *
 * **Held → held.** `renew` extends the lease by the TTL. `acquire` of the same user replaces the lease by one with a new
 * token, if it comes from the same device or asks for a takeover.
 *
 * **Held → expired.** Nobody renewed the lease within the TTL. `renew` still extends it, until the next `acquire`
 * of any user deletes expired leases.
 *
 * **Held → idle.** While users wait for a slot, as many sessions as slots are needed become idle: those without activity for the idle
 * timeout, guests first, the longest inactive first. `renew` reports the activity of users and returns the idle sessions, 30 s before they
 * end. Activity, or a queue that needs no slot any more, makes the lease held again. A session that replaces an idle one stays idle.
 * An idle session that has reached its end keeps its slot until its server has closed it and releases the lease.
 *
 * **Held → free.** `release` deletes the lease; `releaseNode` deletes all leases of a server.
 *
 * **Expired → free.** The next `acquire` of any user deletes the lease.
 *
 * **The waiting room.** When `acquire` returns `full`, the user joins a queue in order of arrival. Each retry keeps the
 * position. A free slot goes to the users at the front of the queue, even if a newcomer asks first. A position lapses
 * when its user does not retry in time: others pass, but the order of arrival is kept for eight TTLs, so a user whose
 * tab was throttled continues at the old position. A ticket does not grant the position; the user does.
 *
 * **Shares.** Guests may not take the slots that are reserved for accounts. A guest who waits for another slot does not delay an account
 * that may take a reserved one, so an account can be admitted before guests with a better position. One address has at most
 * `clientsPerAddress` sessions.
 *
 * **Recovery.** Expiry uses a session clock, which advances by at most a third of a TTL while no server acquires or renews
 * anything: the shared state was unavailable, or its clock was set forward. Servers then renew their live sessions before a
 * newcomer gets the slots. The session clock does not follow a clock that is set back, so the slots of a dead server are free
 * within a TTL in that case, too.
 *
 * Every call is one atomic step on the shared state, so the limits hold for any interleaving of any number of servers. A call that rejects may or may not have taken effect, and may be repeated. An `acquire` never
 * takes effect after its caller's deadline.
 */
export interface SessionLeases {
  acquire(request: AcquireRequest): Promise<AcquireOutcome>;

  /**
   * Extends leases by the TTL, including expired ones that nobody replaced, and records the activity of their users. One call takes all
   * leases of a server. A server without sessions calls it with none, which shows that servers can reach Redis.
   */
  renew(leases: readonly Renewal[]): Promise<RenewOutcome>;

  /**
   * Frees the slots of these leases. A lease whose token is no longer the current one is skipped.
   *
   * @returns how many slots were freed
   */
  release(leases: readonly LeaseRef[]): Promise<number>;

  /**
   * Frees every slot of a server. A server calls it when it starts: because names are unique, leases under its name are from
   * before a crash.
   *
   * @returns how many slots were freed
   */
  releaseNode(node: string): Promise<number>;

  /** Sets a later end of the user's authorisation. @returns false when the user has no session */
  extendAuthorisation(userId: UserId, authorisedUntilMs: number): Promise<boolean>;

  /** Returns the user's lease unless it is expired. */
  find(userId: UserId): Promise<SessionLease | undefined>;

  /** Returns all leases, oldest first, and the number of waiting users. Reads every lease, so do not call it for each request. */
  ledger(): Promise<{ leases: SessionLease[]; waiting: number }>;

  /** Returns the number of held slots and of waiting users. Cheap. */
  count(): Promise<{ held: number; waiting: number }>;

  /** Returns the users that hold a slot, in no particular order. Cheaper than the ledger. */
  liveUsers(): Promise<UserId[]>;
}
