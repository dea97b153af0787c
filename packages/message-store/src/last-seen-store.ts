import type { UserId } from '@parley/protocol';

export interface LastSeenRecord {
  readonly userId: UserId;
  /** When the user was last online, Unix milliseconds. */
  readonly lastSeenAtMs: number;
}

/** When users were last online. A time only grows: of all saved values the largest one stays, whatever the order of calls. */
export interface LastSeenStore {
  /** Saves any number of times with one bulk write. A batch is not atomic: the caller repeats the whole batch after a failure. */
  saveBatch(times: readonly LastSeenRecord[]): Promise<void>;
  /** Returns the times of the users that have one, in any order. */
  findMany(userIds: readonly UserId[]): Promise<LastSeenRecord[]>;
}
