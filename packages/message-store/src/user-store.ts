import type { UserId } from '@parley/protocol';

export interface UserRecord {
  readonly id: UserId;
  readonly username: string;
  readonly displayName: string;
  /** Undefined for a guest, who has no password. */
  readonly passwordHash: string | undefined;
  readonly createdAtMs: number;
  /** When a guest last signed in, to the hour. Undefined for other users, and for guests of an earlier release, which do not expire. */
  readonly lastSignInAtMs?: number | undefined;
  /** When a guest expired, undefined for all others. An expired guest keeps name and messages. */
  readonly expiredAtMs?: number | undefined;
}

export interface UserStore {
  /**
   * Returns false if another user has the username; usernames are compared in NFKC without case. Exactly one of several racing
   * callers with one username gets true. A repeat with the same id changes nothing and returns true.
   */
  create(user: UserRecord): Promise<boolean>;
  findById(id: UserId): Promise<UserRecord | undefined>;
  /** Returns the users that exist, in any order. */
  findMany(ids: readonly UserId[]): Promise<UserRecord[]>;
  findByUsername(username: string): Promise<UserRecord | undefined>;
  /** Records that a guest signed in. The time only moves forward. @returns false if the guest has expired or does not exist */
  recordSignIn(id: UserId, atMs: number): Promise<boolean>;
  /**
   * Expires guests that have last signed in before a time, at most `limit`, those that are absent for longest first. `search` no longer
   * finds them.
   *
   * @returns how many
   */
  expireGuests(options: { lastSignInBeforeMs: number; expiredAtMs: number; limit: number }): Promise<number>;
  /**
   * Returns users by username order, without expired guests. The query must match the start of the username, or the display name from the start of one of
   * its words (NFKC, without case, white space as one blank). An empty query matches every user.
   */
  search(query: string, limit: number): Promise<UserRecord[]>;
}
