import type { Db } from 'mongodb';
import { searchKeysOf, searchPrefixOf, usernameKeyOf } from '../name-keys.ts';
import { StoreUnavailable } from '../store.ts';
import type { UserRecord, UserStore } from '../user-store.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type UserDocument } from './documents.ts';
import { isDuplicateKey } from './errors.ts';

const toUser = ({ _id, usernameKey, searchKeys, ...user }: UserDocument): UserRecord => ({
  id: _id,
  passwordHash: undefined,
  ...user,
});

const toDocument = ({ id, passwordHash, lastSignInAtMs, expiredAtMs, ...user }: UserRecord): UserDocument => ({
  _id: id,
  username: user.username,
  usernameKey: usernameKeyOf(user.username),
  displayName: user.displayName,
  searchKeys: searchKeysOf(user),
  ...(passwordHash !== undefined && { passwordHash }),
  ...(lastSignInAtMs !== undefined && { lastSignInAtMs }),
  ...(expiredAtMs !== undefined && { expiredAtMs }),
  createdAtMs: user.createdAtMs,
});

/** Matches users that are not expired: the field is missing. */
const LISTED = { expiredAtMs: { $exists: false } } as const;

const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export function createUserStore(database: Db): UserStore {
  const users = database.collection<UserDocument>(COLLECTIONS.users);

  return {
    async create(user) {
      const document = toDocument(user);
      try {
        await users.insertOne(document, COMMAND_LIMITS);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const owner = await users.findOne({ usernameKey: document.usernameKey }, COMMAND_LIMITS);
        // The conflicting write is not on a majority yet. The next attempt will see it, or succeed.
        if (!owner) throw new StoreUnavailable(`user ${user.id} met a write that is not durable`, { cause: error });
        return owner._id === user.id;
      }
    },

    async findById(id) {
      const document = await users.findOne({ _id: id }, COMMAND_LIMITS);
      return document ? toUser(document) : undefined;
    },

    async findMany(ids) {
      const documents = await users.find({ _id: { $in: [...ids] } }, COMMAND_LIMITS).toArray();
      return documents.map(toUser);
    },

    async findByUsername(username) {
      const document = await users.findOne({ usernameKey: usernameKeyOf(username) }, COMMAND_LIMITS);
      return document ? toUser(document) : undefined;
    },

    async recordSignIn(id, atMs) {
      const guest = { _id: id, passwordHash: { $exists: false }, ...LISTED };
      const { matchedCount } = await users.updateOne(guest, { $max: { lastSignInAtMs: atMs } }, COMMAND_LIMITS);
      return matchedCount === 1;
    },

    async expireGuests({ lastSignInBeforeMs, expiredAtMs, limit }) {
      if (limit < 1) return 0;
      const absent = { ...LISTED, lastSignInAtMs: { $lt: lastSignInBeforeMs } };
      const found = users.find(absent, { projection: { _id: 1 }, ...COMMAND_LIMITS });
      const ids = (await found.sort({ lastSignInAtMs: 1 }).limit(limit).toArray()).map(({ _id }) => _id);
      if (ids.length === 0) return 0;
      // A guest that has signed in since does not match any more.
      const filter = { ...absent, _id: { $in: ids } };
      const { modifiedCount } = await users.updateMany(
        filter,
        { $set: { expiredAtMs, searchKeys: [] } },
        COMMAND_LIMITS,
      );
      return modifiedCount;
    },

    async search(query, limit) {
      const prefix = searchPrefixOf(query);
      // MongoDB takes a limit of 0 as no limit, and refuses a pattern with NUL, which no name contains.
      if (limit < 1 || prefix.includes('\0')) return [];
      const filter = { ...LISTED, ...(prefix !== '' && { searchKeys: { $regex: `^${escapeRegex(prefix)}` } }) };
      const documents = await users.find(filter, COMMAND_LIMITS).sort({ usernameKey: 1 }).limit(limit).toArray();
      return documents.map(toUser);
    },
  };
}
