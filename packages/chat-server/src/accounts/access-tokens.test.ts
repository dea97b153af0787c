import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { SignJWT } from 'jose';
import { AccessTokens } from './access-tokens.ts';

const secret = 's'.repeat(32);
const tokens = new AccessTokens({ secret, ttlMs: 900_000 });
const ada = 'u_ada' as UserId;
const account = { id: ada, isGuest: false };

const sign = (alg: string, key: string, claims: { iss?: string; aud?: string; sub?: string; exp?: string }) => {
  const jwt = new SignJWT().setProtectedHeader({ alg });
  if (claims.iss) jwt.setIssuer(claims.iss);
  if (claims.aud) jwt.setAudience(claims.aud);
  if (claims.sub) jwt.setSubject(claims.sub);
  if (claims.exp) jwt.setExpirationTime(claims.exp);
  return jwt.sign(new TextEncoder().encode(key));
};
const expectRefused = (verifier: AccessTokens, token: string) =>
  expect(() => verifier.verify(token)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));

const good = { iss: 'parley', aud: 'parley', sub: 'u_ada', exp: '1m' };

test('an issued token identifies its user', () => {
  const { accessToken, expiresAtMs } = tokens.issue(account);
  expect(tokens.verify(accessToken)).toEqual({ userId: ada, isGuest: false, expiresAtMs });
});

test('a token says whether its user is a guest; one of an earlier release is that of an account', async () => {
  const { accessToken } = tokens.issue({ id: ada, isGuest: true });
  expect(tokens.verify(accessToken)).toMatchObject({ userId: ada, isGuest: true });
  expect(tokens.verify(await sign('HS256', secret, good))).toMatchObject({ userId: ada, isGuest: false });
});

test('a token is accepted for its configured lifetime and refused afterwards', async () => {
  const shortLived = new AccessTokens({ secret, ttlMs: 3_000 });
  const issuedAtMs = Date.now();
  const { accessToken, expiresAtMs } = shortLived.issue(account);
  expect(expiresAtMs - issuedAtMs).toBeGreaterThan(1_900);
  expect(expiresAtMs - Date.now()).toBeLessThanOrEqual(3_000);
  expect(shortLived.verify(accessToken)).toEqual({ userId: ada, isGuest: false, expiresAtMs });
  await eventually(() => expectRefused(shortLived, accessToken));
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs);
});

test('tokens of both secrets are accepted while one secret replaces the other', async () => {
  const next = 'n'.repeat(32);
  const { accessToken: old } = tokens.issue(account);
  const replacing = new AccessTokens({ secret: `${next}, ${secret}`, ttlMs: 900_000 });
  expect(replacing.verify(old)).toMatchObject({ userId: ada });
  const { accessToken: signedByNext } = replacing.issue(account);
  expect(new AccessTokens({ secret: next, ttlMs: 900_000 }).verify(signedByNext)).toMatchObject({ userId: ada });
  expectRefused(tokens, signedByNext);
  const foreign = await sign('HS256', 'x'.repeat(32), good);
  expectRefused(replacing, foreign);
});

test.each([
  ['another secret', sign('HS256', 'x'.repeat(32), good)],
  ['another algorithm', sign('HS512', secret.repeat(2), good)],
  ['another issuer', sign('HS256', secret, { ...good, iss: 'other' })],
  ['another audience', sign('HS256', secret, { ...good, aud: 'other' })],
  ['no subject', sign('HS256', secret, { iss: 'parley', aud: 'parley', exp: '1m' })],
  ['no expiry', sign('HS256', secret, { iss: 'parley', aud: 'parley', sub: 'u_ada' })],
  ['an expiry in the past', sign('HS256', secret, { ...good, exp: '-1s' })],
  ['empty parts', Promise.resolve('..')],
])('a token with %s is refused', async (_name, token) => {
  expectRefused(tokens, await token);
});
