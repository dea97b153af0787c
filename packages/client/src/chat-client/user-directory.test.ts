import { afterEach, expect, test } from '@jest/globals';
import type { User, UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { UserDirectory } from './user-directory.ts';

const idOf = (number: number) => `u${number}` as UserId;
const userOf = (id: UserId) => ({ id, displayName: `name of ${id}` }) as User;

let directory: UserDirectory;
afterEach(() => directory.close());

function newDirectory(lookUp: (ids: readonly UserId[]) => Promise<User[]>, inUse: readonly UserId[] = []) {
  let users: ReadonlyMap<UserId, User> = new Map();
  directory = new UserDirectory({
    lookUp,
    inUse: () => new Set(inUse),
    onChange: (changed) => {
      users = changed;
    },
  });
  return { known: () => users };
}

test('unused users are forgotten when very many are known, and looked up again when they are needed', async () => {
  const requested: UserId[] = [];
  const { known } = newDirectory(
    async (ids) => {
      requested.push(...ids);
      return ids.map(userOf);
    },
    [idOf(1)],
  );
  directory.ensureKnown([idOf(2)]);
  await eventually(() => expect(known().size).toBe(1));
  for (let first = 1; first <= 20_000; first += 50)
    directory.add(Array.from({ length: 50 }, (_, index) => userOf(idOf(first + index))));
  expect(known().size).toBeLessThanOrEqual(5_000);
  expect([known().has(idOf(1)), known().has(idOf(2)), known().has(idOf(20_000))]).toEqual([true, false, true]);
  directory.ensureKnown([idOf(2)]);
  await eventually(() => expect(known().has(idOf(2))).toBe(true));
  expect(requested).toEqual([idOf(2), idOf(2)]);
});

test('a failed request is repeated with backoff, however often the id is needed', async () => {
  let requests = 0;
  newDirectory(() => {
    requests += 1;
    return Promise.reject(new Error('unavailable'));
  });
  const endsAtMs = performance.now() + 1_500;
  while (performance.now() < endsAtMs) {
    directory.ensureKnown([idOf(1)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(requests).toBeGreaterThan(1);
  expect(requests).toBeLessThanOrEqual(6);
});

test('placeholders have no user to look up', async () => {
  const requested: UserId[] = [];
  const { known } = newDirectory(async (ids) => {
    requested.push(...ids);
    return ids.map(userOf);
  });
  directory.ensureKnown(['system' as UserId, idOf(1)]);
  await eventually(() => expect(known().size).toBe(1));
  expect(requested).toEqual([idOf(1)]);
});
