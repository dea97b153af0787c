import type { UserId } from '@parley/protocol';

export interface UserRecord {
  readonly id: UserId;
  readonly username: string;
  readonly displayName: string;
  /** undefined = a guest, who has no password. */
  readonly passwordHash: string | undefined;
  readonly createdAtMs: number;
}

export interface UserStore {
  /**
   * False when another user has the username; names are compared in NFKC without case. Creating the same user (by id)
   * again changes nothing and is true.
   */
  create(user: UserRecord): Promise<boolean>;
  findById(id: UserId): Promise<UserRecord | undefined>;
  /** Those that exist, in any order. */
  findMany(ids: readonly UserId[]): Promise<UserRecord[]>;
  findByUsername(username: string): Promise<UserRecord | undefined>;
  /**
   * Users whose username, or whose display name from one of its words on, begins with the query (NFKC, no case, white
   * space as one blank); by username. '' = any.
   */
  search(query: string, limit: number): Promise<UserRecord[]>;
}
