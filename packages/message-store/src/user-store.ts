import type { UserId } from '@parley/protocol';

export interface UserRecord {
  readonly id: UserId;
  readonly username: string;
  readonly displayName: string;
  /** Undefined for a guest, who has no password. */
  readonly passwordHash: string | undefined;
  readonly createdAtMs: number;
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
  /**
   * Returns users by username order. The query must match the start of the username, or the display name from the start of one of
   * its words (NFKC, without case, white space as one blank). An empty query matches every user.
   */
  search(query: string, limit: number): Promise<UserRecord[]>;
}
