import { expect, test } from '@jest/globals';
import { PasswordWork } from './password-work.ts';

test('passwords are hashed and verified without blocking the event loop', async () => {
  const work = new PasswordWork({});
  let isHashing = true;
  const hashing = Promise.all(Array.from({ length: 4 }, () => work.hash('password'))).finally(() => {
    isHashing = false;
  });
  let turns = 0;
  for (; isHashing; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  const [hash = ''] = await hashing;
  expect(turns).toBeGreaterThan(3);
  expect(await work.verify('password', hash)).toBe(true);
  expect(await work.verify('another one', hash)).toBe(false);
  await expect(work.verify('password', 'no hash')).rejects.toThrow('not an argon2id hash');
});
