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

    test('a guest that has not signed in since a time expires, is not found by search, and keeps its name', async () => {
      const word = newWord();
      const signedIn = (lastSignInAtMs: number) =>
        newUser({ displayName: `${word} guest`, passwordHash: undefined, lastSignInAtMs });
      const [absent, returned, present] = [signedIn(1_000), signedIn(1_000), signedIn(2_000)];
      const account = newUser({ displayName: `${word} account` });
      const ofEarlierRelease = newUser({ displayName: `${word} old`, passwordHash: undefined });
      for (const user of [absent, returned, present, account, ofEarlierRelease]) await users().create(user);
      expect(await users().recordSignIn(returned.id, 3_000)).toBe(true);
      expect(await users().recordSignIn(returned.id, 2_500)).toBe(true);
      expect(await users().findById(returned.id)).toEqual({ ...returned, lastSignInAtMs: 3_000 });

      expect(await users().expireGuests({ lastSignInBeforeMs: 2_000, expiredAtMs: 5_000, limit: 10 })).toBe(1);
      expect(await users().expireGuests({ lastSignInBeforeMs: 2_000, expiredAtMs: 6_000, limit: 10 })).toBe(0);
      const found = await users().search(word, 10);
      const listed = [returned, present, account, ofEarlierRelease];
      expect(found.map(({ id }) => id).sort()).toEqual(listed.map(({ id }) => id).sort());
      expect(await users().search(absent.username, 10)).toEqual([]);
      const expired = { ...absent, expiredAtMs: 5_000 };
      expect(await users().findById(absent.id)).toEqual(expired);
      expect(await users().findMany([absent.id])).toEqual([expired]);
      expect(await users().findByUsername(absent.username)).toEqual(expired);
      expect(await users().create(newUser({ username: absent.username }))).toBe(false);

      expect(await users().recordSignIn(absent.id, 9_000)).toBe(false);
      expect(await users().recordSignIn(account.id, 9_000)).toBe(false);
      expect(await users().recordSignIn(randomUUID() as UserId, 9_000)).toBe(false);
      expect(await users().findById(absent.id)).toEqual(expired);
    });

    test('guests expire in batches, those that are absent for longest first, and an empty query does not return them', async () => {
      const guests = [3, 1, 2].map((lastSignInAtMs) =>
        newUser({ username: `000-${newWord()}`, passwordHash: undefined, lastSignInAtMs }),
      );
      for (const guest of guests) await users().create(guest);
      const expired = async () =>
        (await users().findMany(guests.map(({ id }) => id))).filter((user) => user.expiredAtMs);
      const batch = { lastSignInBeforeMs: 10, expiredAtMs: 20, limit: 2 };
      expect(await users().expireGuests({ ...batch, limit: 0 })).toBe(0);
      expect(await users().expireGuests(batch)).toBe(2);
      expect((await expired()).map(({ lastSignInAtMs }) => lastSignInAtMs).sort()).toEqual([1, 2]);
      expect(await users().expireGuests(batch)).toBe(1);
      const first = await users().search('', 1_000);
      for (const { id } of guests) expect(first.map((user) => user.id)).not.toContain(id);
    });

    test('a guest that signs in while guests expire either stays or is refused', async () => {
      for (let round = 0; round < 10; round += 1) {
        const guest = newUser({ passwordHash: undefined, lastSignInAtMs: 1 });
        await users().create(guest);
        const [hasSignedIn, count] = await Promise.all([
          users().recordSignIn(guest.id, 100),
          users().expireGuests({ lastSignInBeforeMs: 10, expiredAtMs: 20, limit: 10 }),
        ]);
        const { expiredAtMs } = (await users().findById(guest.id)) ?? {};
        expect([hasSignedIn, count]).toEqual(expiredAtMs === undefined ? [true, 0] : [false, 1]);
      }
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
