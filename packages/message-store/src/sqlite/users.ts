import type { UserId } from '@parley/protocol';
import { searchKeysOf, searchPrefixOf, usernameKeyOf } from '../name-keys.ts';
import type { UserRecord, UserStore } from '../user-store.ts';
import type { Database } from './database.ts';

type OptionalField = 'passwordHash' | 'lastSignInAtMs' | 'expiredAtMs';
type UserRow = Omit<UserRecord, OptionalField> & {
  [Field in OptionalField]: Exclude<UserRecord[Field], undefined> | null;
};

const COLUMNS = 'id, username, displayName, passwordHash, createdAtMs, lastSignInAtMs, expiredAtMs';

const toUser = (row: UserRow): UserRecord => ({
  ...row,
  passwordHash: row.passwordHash ?? undefined,
  lastSignInAtMs: row.lastSignInAtMs ?? undefined,
  expiredAtMs: row.expiredAtMs ?? undefined,
});

export function createUser(database: Database, user: UserRecord): boolean {
  return database.transaction(() => {
    const usernameKey = usernameKeyOf(user.username);
    const inserted = database.run(
      `INSERT INTO users (${COLUMNS}, usernameKey) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      user.id,
      user.username,
      user.displayName,
      user.passwordHash ?? null,
      user.createdAtMs,
      user.lastSignInAtMs ?? null,
      user.expiredAtMs ?? null,
      usernameKey,
    );
    if (inserted === 0) {
      const owner = database.get<{ id: UserId }>('SELECT id FROM users WHERE usernameKey = ?', usernameKey);
      if (!owner) throw new Error(`user id ${user.id} is taken`);
      return owner.id === user.id;
    }
    for (const searchKey of searchKeysOf(user)) {
      database.run('INSERT INTO userSearchKeys (searchKey, userId) VALUES (?, ?)', searchKey, user.id);
    }
    return true;
  });
}

export function findUser(database: Database, id: UserId): UserRecord | undefined {
  const row = database.get<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id = ?`, id);
  return row && toUser(row);
}

export function findUsers(database: Database, ids: readonly UserId[]): UserRecord[] {
  return database
    .all<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id IN (SELECT value FROM json_each(?))`, JSON.stringify(ids))
    .map(toUser);
}

export function findUserByUsername(database: Database, username: string): UserRecord | undefined {
  const row = database.get<UserRow>(`SELECT ${COLUMNS} FROM users WHERE usernameKey = ?`, usernameKeyOf(username));
  return row && toUser(row);
}

export function recordSignIn(database: Database, id: UserId, atMs: number): boolean {
  const sql = `UPDATE users SET lastSignInAtMs = max(coalesce(lastSignInAtMs, 0), ?)
     WHERE id = ? AND passwordHash IS NULL AND expiredAtMs IS NULL`;
  return database.run(sql, atMs, id) === 1;
}

export function expireGuests(
  database: Database,
  { lastSignInBeforeMs, expiredAtMs, limit }: Parameters<UserStore['expireGuests']>[0],
): number {
  return database.transaction(() => {
    const guests = database.all<Pick<UserRecord, 'id' | 'username' | 'displayName'>>(
      `SELECT id, username, displayName FROM users INDEXED BY guestsBySignIn
       WHERE lastSignInAtMs < ? AND expiredAtMs IS NULL ORDER BY lastSignInAtMs LIMIT ?`,
      lastSignInBeforeMs,
      limit,
    );
    for (const guest of guests) {
      database.run('UPDATE users SET expiredAtMs = ? WHERE id = ?', expiredAtMs, guest.id);
      for (const searchKey of searchKeysOf(guest))
        database.run('DELETE FROM userSearchKeys WHERE searchKey = ? AND userId = ?', searchKey, guest.id);
    }
    return guests.length;
  });
}

export function searchUsers(database: Database, query: string, limit: number): UserRecord[] {
  const prefix = searchPrefixOf(query);
  if (prefix === '') {
    const sql = `SELECT ${COLUMNS} FROM users INDEXED BY listedUsers
       WHERE expiredAtMs IS NULL ORDER BY usernameKey LIMIT ?`;
    return database.all<UserRow>(sql, limit).map(toUser);
  }
  // No byte of UTF-8 is above F4, so prefix + F5 is above all that begins with the prefix: a range of the index.
  return database
    .all<UserRow>(
      `SELECT ${COLUMNS} FROM users
       WHERE id IN (
         SELECT userId FROM userSearchKeys WHERE searchKey >= ?1 AND searchKey < ?1 || CAST(x'F5' AS TEXT)
       )
       ORDER BY usernameKey LIMIT ?2`,
      prefix,
      limit,
    )
    .map(toUser);
}
