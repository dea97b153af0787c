import type { UserId } from '@parley/protocol';

/** A refresh token. The store knows only its hash. All tokens that descend from one login form a family. */
export interface RefreshTokenRecord {
  readonly tokenHash: string;
  readonly familyId: string;
  readonly userId: UserId;
  readonly expiresAtMs: number;
}

export type RotateOutcome =
  | { kind: 'rotated'; userId: UserId }
  /** The token was used before, so it or its successor was stolen. The whole family has ended. */
  | { kind: 'reused'; userId: UserId }
  /** The token was never issued, has expired, or its family has ended. */
  | { kind: 'unknown' };

export interface RefreshTokenStore {
  /** Starts a family with its first token. A repeat with the same token changes nothing. */
  issue(token: RefreshTokenRecord): Promise<void>;
  /**
   * Replaces a token by its successor in the same family. Not idempotent: exactly one of several racing callers with one token
   * rotates it, and every other one ends the family or finds it ended. A family that has ended has no valid token, even if calls
   * raced with its end.
   */
  rotate(tokenHash: string, next: { tokenHash: string; expiresAtMs: number }, nowMs: number): Promise<RotateOutcome>;
  /** Ends the family of a valid or used token. Has no effect on an unknown token. */
  endFamilyOf(tokenHash: string): Promise<void>;
  /** Deletes the families whose valid token has expired. */
  deleteExpired(nowMs: number): Promise<void>;
}
