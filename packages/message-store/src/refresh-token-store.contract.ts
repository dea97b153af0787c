import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import type { RefreshTokenRecord, RefreshTokenStore } from './refresh-token-store.ts';

const NOW_MS = 1_767_225_600_000;
const LATER_MS = NOW_MS + 60_000;

const newToken = (expiresAtMs = LATER_MS): RefreshTokenRecord => ({
  tokenHash: randomUUID(),
  familyId: randomUUID(),
  userId: randomUUID() as UserId,
  expiresAtMs,
});

const newNext = (expiresAtMs = LATER_MS) => ({ tokenHash: randomUUID(), expiresAtMs });

export function refreshTokenStoreContract(tokens: () => RefreshTokenStore): void {
  const rotate = (tokenHash: string, next = newNext(), nowMs = NOW_MS) => tokens().rotate(tokenHash, next, nowMs);
  const isValid = async (tokenHash: string) => (await rotate(tokenHash)).kind === 'rotated';

  describe('refresh tokens', () => {
    test('a token can be rotated repeatedly', async () => {
      const token = newToken();
      await tokens().issue(token);
      let current = token.tokenHash;
      for (let turn = 0; turn < 5; turn += 1) {
        const next = newNext();
        expect(await rotate(current, next)).toEqual({ kind: 'rotated', userId: token.userId });
        current = next.tokenHash;
      }
    });

    test('a token that was never issued is unknown', async () => {
      expect(await rotate(randomUUID())).toEqual({ kind: 'unknown' });
    });

    test('issue is idempotent', async () => {
      const token = newToken();
      await tokens().issue(token);
      await tokens().issue(token);
      expect(await isValid(token.tokenHash)).toBe(true);
    });

    test('an expired token is unknown', async () => {
      const token = newToken(NOW_MS);
      await tokens().issue(token);
      expect(await rotate(token.tokenHash)).toEqual({ kind: 'unknown' });
      expect(await rotate(token.tokenHash, newNext(), NOW_MS - 1)).toEqual({ kind: 'rotated', userId: token.userId });
    });

    test('the reuse of a token ends its whole family', async () => {
      const token = newToken();
      const [second, third] = [newNext(), newNext()];
      await tokens().issue(token);
      await rotate(token.tokenHash, second);
      await rotate(second.tokenHash, third);
      expect(await rotate(token.tokenHash)).toEqual({ kind: 'reused', userId: token.userId });
      for (const { tokenHash } of [token, second, third]) {
        expect(await rotate(tokenHash)).toEqual({ kind: 'unknown' });
      }
    });

    test('the reuse of a token does not affect other families of the user', async () => {
      const [laptop, phone] = [newToken(), newToken()];
      const ofOneUser = { ...phone, userId: laptop.userId };
      await tokens().issue(laptop);
      await tokens().issue(ofOneUser);
      await rotate(laptop.tokenHash);
      await rotate(laptop.tokenHash);
      expect(await isValid(ofOneUser.tokenHash)).toBe(true);
    });

    test('one of several concurrent rotations succeeds, one ends the family, and no successor is valid', async () => {
      for (let round = 0; round < 5; round += 1) {
        const token = newToken();
        await tokens().issue(token);
        const successors = Array.from({ length: 10 }, () => newNext());
        const outcomes = await Promise.all(successors.map((next) => rotate(token.tokenHash, next)));
        const kinds = outcomes.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'rotated')).toHaveLength(1);
        expect(kinds.filter((kind) => kind === 'reused')).toHaveLength(1);
        expect(kinds.filter((kind) => kind === 'unknown')).toHaveLength(8);
        for (const { tokenHash } of successors) expect(await rotate(tokenHash)).toEqual({ kind: 'unknown' });
      }
    });

    test('no token is valid after a reuse that races with a rotation', async () => {
      for (let round = 0; round < 10; round += 1) {
        const token = newToken();
        const [second, third, fourth] = [newNext(), newNext(), newNext()];
        await tokens().issue(token);
        await rotate(token.tokenHash, second);
        const [, reuse] = await Promise.all([
          rotate(second.tokenHash, third),
          rotate(token.tokenHash),
          rotate(third.tokenHash, fourth),
        ]);
        expect(reuse.kind).toBe('reused');
        for (const { tokenHash } of [second, third, fourth]) {
          expect(await rotate(tokenHash)).toEqual({ kind: 'unknown' });
        }
      }
    });

    test('endFamilyOf ends the family of a used and of a valid token', async () => {
      for (const named of ['used', 'valid'] as const) {
        const token = newToken();
        const next = newNext();
        await tokens().issue(token);
        await rotate(token.tokenHash, next);
        await tokens().endFamilyOf(named === 'used' ? token.tokenHash : next.tokenHash);
        expect(await rotate(next.tokenHash)).toEqual({ kind: 'unknown' });
        expect(await rotate(token.tokenHash)).toEqual({ kind: 'unknown' });
      }
      await tokens().endFamilyOf(randomUUID());
    });

    test('no token is valid after endFamilyOf races with a rotation', async () => {
      for (let round = 0; round < 10; round += 1) {
        const token = newToken();
        const next = newNext();
        await tokens().issue(token);
        await Promise.all([rotate(token.tokenHash, next), tokens().endFamilyOf(token.tokenHash)]);
        expect(await isValid(next.tokenHash)).toBe(false);
        expect(await isValid(token.tokenHash)).toBe(false);
      }
    });

    test('deleteExpired deletes exactly the families whose valid token has expired', async () => {
      const [expired, valid, extended] = [newToken(1_000), newToken(3_000), newToken(1_500)];
      for (const token of [expired, valid, extended]) await tokens().issue(token);
      const next = newNext(3_000);
      expect(await rotate(extended.tokenHash, next, 1_000)).toMatchObject({ kind: 'rotated' });
      await tokens().deleteExpired(2_000);
      const asIfBefore = (tokenHash: string) => rotate(tokenHash, newNext(), 0);
      expect(await asIfBefore(expired.tokenHash)).toEqual({ kind: 'unknown' });
      expect(await asIfBefore(valid.tokenHash)).toMatchObject({ kind: 'rotated' });
      expect(await asIfBefore(next.tokenHash)).toMatchObject({ kind: 'rotated' });
    });
  });
}
