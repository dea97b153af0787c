import type { UserId } from '@parley/protocol';
import type { RefreshTokenRecord, RotateOutcome } from '../refresh-token-store.ts';
import type { Database } from './database.ts';

export function issueToken(database: Database, token: RefreshTokenRecord): void {
  const { familyId, userId, tokenHash, expiresAtMs } = token;
  const inserted = database.run(
    `INSERT INTO refreshTokenFamilies (familyId, userId, validTokenHash, expiresAtMs) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    familyId,
    userId,
    tokenHash,
    expiresAtMs,
  );
  if (inserted === 1) return;
  const sql = 'SELECT 1 FROM refreshTokenFamilies WHERE familyId = ? AND validTokenHash = ?';
  if (!database.get(sql, familyId, tokenHash)) throw new Error('the token or its family exists already');
}

export function rotateToken(
  database: Database,
  tokenHash: string,
  next: { tokenHash: string; expiresAtMs: number },
  nowMs: number,
): RotateOutcome {
  return database.transaction(() => {
    const family = database.get<{ familyId: string; userId: UserId }>(
      `UPDATE refreshTokenFamilies SET validTokenHash = ?, expiresAtMs = ?
       WHERE validTokenHash = ? AND expiresAtMs > ? RETURNING familyId, userId`,
      next.tokenHash,
      next.expiresAtMs,
      tokenHash,
      nowMs,
    );
    if (family) {
      database.run('INSERT INTO usedRefreshTokens (tokenHash, familyId) VALUES (?, ?)', tokenHash, family.familyId);
      return { kind: 'rotated', userId: family.userId };
    }
    const ended = database.get<{ userId: UserId }>(
      `DELETE FROM refreshTokenFamilies
       WHERE familyId = (SELECT familyId FROM usedRefreshTokens WHERE tokenHash = ?) AND expiresAtMs > ?
       RETURNING userId`,
      tokenHash,
      nowMs,
    );
    return ended ? { kind: 'reused', userId: ended.userId } : { kind: 'unknown' };
  });
}

export function endFamilyOf(database: Database, tokenHash: string): void {
  database.run(
    `DELETE FROM refreshTokenFamilies
     WHERE validTokenHash = ?1 OR familyId = (SELECT familyId FROM usedRefreshTokens WHERE tokenHash = ?1)`,
    tokenHash,
  );
}

export function deleteExpiredTokens(database: Database, nowMs: number): void {
  database.run('DELETE FROM refreshTokenFamilies WHERE expiresAtMs <= ?', nowMs);
}
