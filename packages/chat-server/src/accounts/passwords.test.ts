import { expect, test } from '@jest/globals';
import { hashPassword, verifyPassword } from './passwords.ts';

test('a password matches only its own hash, in any Unicode normal form', () => {
  const hash = hashPassword('Zoë’s secret');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(verifyPassword('Zoë’s secret', hash)).toBe(true);
  expect(verifyPassword('Zoë’s secret'.normalize('NFD'), hash)).toBe(true);
  expect(verifyPassword('zoë’s secret', hash)).toBe(false);
});

test('two hashes of one password differ', () => {
  expect(hashPassword('same')).not.toBe(hashPassword('same'));
});
