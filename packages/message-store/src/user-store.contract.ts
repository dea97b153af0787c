import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import type { UserRecord, UserStore } from './user-store.ts';

export const newUser = (fields: Partial<UserRecord> = {}): UserRecord => ({
  id: randomUUID() as UserId,
  username: `user-${randomUUID()}`,
  displayName: 'Ada',
  passwordHash: 'scrypt$1$2$3',
  createdAtMs: 1_767_225_600_000,
  ...fields,
});

/** Returns a unique word, because the tests share a store. */
const newWord = () => `w${randomUUID().replaceAll('-', '')}`;

const sameNames: readonly (readonly [string, string])[] = [
  ['Grace', 'gRACE'],
  ['ÉMILE', 'émile'],
  ['zo\u0065\u0308', 'zo\u00eb'],
  ['ｆｕｌｌ', 'full'],
  ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
  ['ЖАННА', 'жанна'],
];

export function userStoreContract(users: () => UserStore): void {
  describe('users', () => {
    test('a user is found by id and by username; an unknown one is undefined', async () => {
      const user = newUser({ displayName: '👩🏽‍💻 مريم Müller' });
      const guest = newUser({ passwordHash: undefined });
      expect(await users().create(user)).toBe(true);
      expect(await users().create(guest)).toBe(true);
      expect(await users().findById(user.id)).toEqual(user);
      expect(await users().findByUsername(user.username)).toEqual(user);
      expect(await users().findById(guest.id)).toEqual(guest);
      expect(await users().findById(randomUUID() as UserId)).toBeUndefined();
      expect(await users().findByUsername(newWord())).toBeUndefined();
    });

    test.each(sameNames)('%s and %s are the same username', async (one, other) => {
      const suffix = newWord();
      const user = newUser({ username: one + suffix });
      expect(await users().create(user)).toBe(true);
      expect(await users().create(newUser({ username: other + suffix }))).toBe(false);
      expect(await users().findByUsername(other + suffix)).toEqual(user);
    });

    test('exactly one of several concurrent users with one username is created', async () => {
      const username = newWord();
      const rivals = Array.from({ length: 10 }, (_, index) =>
        newUser({ username: index % 2 === 0 ? username : username.toUpperCase() }),
      );
      const outcomes = await Promise.all(rivals.map((user) => users().create(user)));
      expect(outcomes.filter((created) => created)).toHaveLength(1);
      expect(await users().findByUsername(username)).toEqual(rivals[outcomes.indexOf(true)]);
      expect(await users().findMany(rivals.map(({ id }) => id))).toHaveLength(1);
    });

    test('create is idempotent', async () => {
      const user = newUser();
      expect(await users().create(user)).toBe(true);
      expect(await users().create(user)).toBe(true);
      expect(await users().search(user.username, 10)).toEqual([user]);
    });

    test('findMany returns the users that exist', async () => {
      const some = [newUser(), newUser(), newUser()];
      for (const user of some) await users().create(user);
      const found = await users().findMany([...some.map(({ id }) => id), randomUUID() as UserId]);
      expect(found.map(({ id }) => id).sort()).toEqual(some.map(({ id }) => id).sort());
      expect(await users().findMany([])).toEqual([]);
    });

    test('search matches the start of the username or of a word of the display name, ordered by username', async () => {
      const word = newWord();
      const byUsername = newUser({ username: `${word}.a`, displayName: 'Somebody' });
      const byFirstWord = newUser({ username: `C-${newWord()}`, displayName: `${word.toUpperCase()} Ada` });
      const byLastWord = newUser({ username: `b-${newWord()}`, displayName: `Ada (${word})` });
      const inside = newUser({ displayName: `x${word}` });
      for (const user of [inside, byFirstWord, byLastWord, byUsername]) await users().create(user);
      const expected = [byLastWord, byFirstWord, byUsername];
      expect(await users().search(word.slice(0, -1), 10)).toEqual(expected);
      expect(await users().search(`  ${word.toUpperCase()} `, 10)).toEqual(expected);
      expect(await users().search(word, 2)).toEqual(expected.slice(0, 2));
      expect(await users().search(word, 0)).toEqual([]);
      expect(await users().search(`${word} a`, 10)).toEqual([byFirstWord]);
      expect(await users().search(`${word}.`, 10)).toEqual([byUsername]);
    });

    test('search matches names in any script', async () => {
      const word = newWord();
      const user = newUser({ displayName: `مريم${word} Łukasz${word} 🦊${word} ﬁona${word}` });
      await users().create(user);
      for (const query of [`مريم${word}`, `łUKASZ${word}`, `🦊${word}`, `FIONA${word}`]) {
        expect(await users().search(query, 10)).toEqual([user]);
      }
    });

    test('a query is text, never a pattern', async () => {
      const word = newWord();
      await users().create(newUser({ displayName: `${word} a.b` }));
      for (const query of [
        `${word.slice(0, 3)}.*`,
        `[${word}`,
        `(${word}`,
        `${word}%`,
        `${word.slice(0, -1)}_`,
        '\\',
        '\0',
      ]) {
        expect(await users().search(query, 10)).toEqual([]);
      }
      const odd = newUser({ displayName: `${word}.*+?^$\{}()|[]\\/-#%_'"` });
      await users().create(odd);
      expect(await users().search(odd.displayName, 10)).toEqual([odd]);
    });

    test('an empty query returns users by username', async () => {
      await users().create(newUser({ username: `0000-${newWord()}` }));
      await users().create(newUser({ username: `0001-${newWord()}` }));
      const found = await users().search(' ', 2);
      expect(found).toHaveLength(2);
      const names = found.map(({ username }) => username);
      expect(names).toEqual([...names].sort());
    });
  });
}
