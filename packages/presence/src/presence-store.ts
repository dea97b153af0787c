import type { PresenceChange, UserId } from '@parley/protocol';

/** The presence of a user who is shown to others. All other users are offline. */
export type ShownState = 'online' | 'away';

/** The presence of one user, as others see it. */
export type UserPresence =
  | { readonly userId: UserId; readonly state: ShownState }
  | {
      readonly userId: UserId;
      readonly state: 'offline' /** Unix milliseconds; undefined = never seen. */;
      readonly lastSeenAtMs: number | undefined;
    };

/** When an offline user was last online. */
export interface SeenUser {
  readonly userId: UserId;
  /** Unix milliseconds. */
  readonly lastSeenAtMs: number;
}

/** `renewed`: was the leader before. `acquired`: is the new leader. `follower`: another service leads. */
export type Leadership = 'renewed' | 'acquired' | 'follower';

/**
 * The shown presence of all users, readable by every process and written by one presence service at a time, the leader. The
 * state outlives the leader, so its successor continues from it.
 *
 * Leadership is a lease. It ends when the leader releases it or has not renewed it for its TTL. `applyChanges` checks it in
 * the same atomic step, so a former leader that was frozen cannot overwrite the state of its successor.
 *
 * The store also keeps the users of the last changes. A leader that died may not have published these changes, so the next leader
 * publishes them again.
 *
 * It has only the recent last-seen times. The leader also saves them in the history store, which has all of them, and `read` finds
 * the others there.
 *
 * Every call is one atomic step or rejects, and may be repeated.
 */
export interface PresenceStore {
  /** Returns the presence of these users, in the same order. */
  read(userIds: readonly UserId[]): Promise<UserPresence[]>;

  /**
   * Sets whether a client reported its user as away. Valid until the next report, until a new session, or until the user is
   * offline.
   */
  setAway(userId: UserId, isAway: boolean): Promise<void>;

  /** Returns the users that are reported as away. */
  awayUsers(): Promise<Set<UserId>>;

  /**
   * Acquires or renews the leadership for `ttlMs`, unless another service has it. Service names are unique, so a restarted
   * service renews its own at once.
   */
  acquireLeadership(service: string, ttlMs: number): Promise<Leadership>;

  /** Ends the service's leadership, so another one can acquire it at once. */
  releaseLeadership(service: string): Promise<void>;

  /** Returns all shown users, and the users of the last changes, which may not have been published. */
  shown(): Promise<{ users: Map<UserId, ShownState>; lastChanged: UserId[] }>;

  /** Returns the last-seen times that have not been forgotten. */
  recentlySeen(): Promise<SeenUser[]>;

  /** Deletes the last-seen times before this time. The caller has saved them. */
  forgetSeen(beforeMs: number): Promise<void>;

  /** Returns some of the last-seen times that an earlier release wrote; empty = there is none left. */
  oldLastSeen(): Promise<SeenUser[]>;

  /** Deletes last-seen times that an earlier release wrote. The caller has saved them. */
  deleteOldLastSeen(userIds: readonly UserId[]): Promise<void>;

  /**
   * Replaces the presence of some users.
   *
   * @param pendingUsers users of earlier changes that are not published yet; they stay recorded
   * @returns false, without any effect, when another service leads
   */
  applyChanges(service: string, changes: readonly UserPresence[], pendingUsers: readonly UserId[]): Promise<boolean>;
}

/** Converts a presence to the form that clients receive. */
export const toPresenceChange = (presence: UserPresence): PresenceChange => {
  const { userId, state } = presence;
  if (state !== 'offline') return { userId, online: true, away: state === 'away', lastSeenAt: null };
  const { lastSeenAtMs } = presence;
  return {
    userId,
    online: false,
    lastSeenAt: lastSeenAtMs === undefined ? null : new Date(lastSeenAtMs).toISOString(),
  };
};
