import type { UserId } from '@parley/protocol';

/** A refresh token, known to the store by its hash alone. All that descend from one login are a family. */
export interface RefreshTokenRecord {
  readonly tokenHash: string;
  readonly familyId: string;
  readonly userId: UserId;
  readonly expiresAtMs: number;
}

export type RotateOutcome =
  | { kind: 'rotated'; userId: UserId }
  /** The token was used before: it was stolen, or its successor was. The whole family has ended. */
  | { kind: 'reused'; userId: UserId }
  /** Never issued, expired, or its family has ended. */
  | { kind: 'unknown' };

export interface RefreshTokenStore {
  /** Begins a family with its first token. Issuing the same token again changes nothing. */
  issue(token: RefreshTokenRecord): Promise<void>;
  /**
   * Uses up a token and issues its successor in the same family; of many callers with one token exactly one rotates, every
   * other one ends the family or finds it ended. A family that has ended has no valid token, whatever raced with its end.
   */
  rotate(tokenHash: string, next: { tokenHash: string; expiresAtMs: number }, nowMs: number): Promise<RotateOutcome>;
  /** Ends the family of a token, whatever the token's state. */
  endFamilyOf(tokenHash: string): Promise<void>;
  /** Deletes the families whose valid token has expired. */
  deleteExpired(nowMs: number): Promise<void>;
}
