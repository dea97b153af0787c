import { expect, test } from '@jest/globals';
import { hashPassword, verifyPassword } from './passwords.ts';

test('a password matches only its own hash, in any Unicode normal form', async () => {
  const hash = await hashPassword('Zoë’s secret');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword('Zoë’s secret', hash)).toBe(true);
  expect(await verifyPassword('Zoë’s secret'.normalize('NFD'), hash)).toBe(true);
  expect(await verifyPassword('zoë’s secret', hash)).toBe(false);
});

test('two hashes of one password differ', async () => {
  expect(await hashPassword('same')).not.toBe(await hashPassword('same'));
});

test('hashing does not block the event loop', async () => {
  let isHashing = true;
  const hashing = Promise.all(Array.from({ length: 4 }, () => hashPassword('password'))).finally(() => {
    isHashing = false;
  });
  let turns = 0;
  for (; isHashing; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  await hashing;
  expect(turns).toBeGreaterThan(3);
});
