import type { UserId } from '@parley/protocol';
import { searchKeysOf, searchPrefixOf, usernameKeyOf } from '../name-keys.ts';
import type { UserRecord } from '../user-store.ts';
import type { Database } from './database.ts';

type UserRow = Omit<UserRecord, 'passwordHash'> & { passwordHash: string | null };

const COLUMNS = 'id, username, displayName, passwordHash, createdAtMs';

const toUser = (row: UserRow): UserRecord => ({ ...row, passwordHash: row.passwordHash ?? undefined });

export function createUser(database: Database, user: UserRecord): boolean {
  return database.transaction(() => {
    const usernameKey = usernameKeyOf(user.username);
    const inserted = database.run(
      `INSERT INTO users (${COLUMNS}, usernameKey) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      user.id,
      user.username,
      user.displayName,
      user.passwordHash ?? null,
      user.createdAtMs,
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

export function searchUsers(database: Database, query: string, limit: number): UserRecord[] {
  const prefix = searchPrefixOf(query);
  if (prefix === '') {
    return database.all<UserRow>(`SELECT ${COLUMNS} FROM users ORDER BY usernameKey LIMIT ?`, limit).map(toUser);
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
