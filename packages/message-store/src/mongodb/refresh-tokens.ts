import type { Db } from 'mongodb';
import type { RefreshTokenStore } from '../refresh-token-store.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type RefreshTokenFamilyDocument } from './documents.ts';
import { isDuplicateKey } from './errors.ts';

/** The number of used tokens that a family keeps. An older one is unknown. */
const MAX_USED_TOKENS = 1_000;

/**
 * A family is one document, and each change of it is one atomic update. No successor therefore outlives its family: either it is
 * in the document that is deleted, or there is no document to add it to.
 */
export function createRefreshTokenStore(database: Db): RefreshTokenStore {
  const families = database.collection<RefreshTokenFamilyDocument>(COLLECTIONS.refreshTokens);

  return {
    async issue({ tokenHash, familyId, userId, expiresAtMs }) {
      try {
        await families.insertOne(
          { _id: familyId, userId, validTokenHash: tokenHash, usedTokenHashes: [], expiresAtMs },
          COMMAND_LIMITS,
        );
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const same = await families.findOne({ _id: familyId, validTokenHash: tokenHash }, COMMAND_LIMITS);
        if (!same) throw new Error('the token or its family exists already', { cause: error });
      }
    },

    async rotate(tokenHash, next, nowMs) {
      const rotated = await families.findOneAndUpdate(
        { validTokenHash: tokenHash, expiresAtMs: { $gt: nowMs } },
        {
          $set: { validTokenHash: next.tokenHash, expiresAtMs: next.expiresAtMs },
          $push: { usedTokenHashes: { $each: [tokenHash], $slice: -MAX_USED_TOKENS } },
        },
        COMMAND_LIMITS,
      );
      if (rotated) return { kind: 'rotated', userId: rotated.userId };
      const ended = await families.findOneAndDelete(
        { usedTokenHashes: tokenHash, expiresAtMs: { $gt: nowMs } },
        COMMAND_LIMITS,
      );
      return ended ? { kind: 'reused', userId: ended.userId } : { kind: 'unknown' };
    },

    async endFamilyOf(tokenHash) {
      await families.deleteOne(
        { $or: [{ validTokenHash: tokenHash }, { usedTokenHashes: tokenHash }] },
        COMMAND_LIMITS,
      );
    },

    async deleteExpired(nowMs) {
      await families.deleteMany({ expiresAtMs: { $lte: nowMs } }, COMMAND_LIMITS);
    },
  };
}
