import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { SignJWT } from 'jose';
import { ACCESS_TOKEN_TTL_MS, AccessTokens } from './access-tokens.ts';

const secret = 's'.repeat(32);
const tokens = new AccessTokens(secret);
const ada = 'u_ada' as UserId;

const sign = (alg: string, key: string, claims: { iss?: string; aud?: string; sub?: string; exp?: string }) => {
  const jwt = new SignJWT().setProtectedHeader({ alg });
  if (claims.iss) jwt.setIssuer(claims.iss);
  if (claims.aud) jwt.setAudience(claims.aud);
  if (claims.sub) jwt.setSubject(claims.sub);
  if (claims.exp) jwt.setExpirationTime(claims.exp);
  return jwt.sign(new TextEncoder().encode(key));
};
const good = { iss: 'parley', aud: 'parley', sub: 'u_ada', exp: '1m' };

test('an issued token proves its user for 15 minutes', async () => {
  const { accessToken, expiresAtMs } = await tokens.issue(ada);
  expect(await tokens.verify(accessToken)).toEqual({ userId: ada, expiresAtMs });
  expect(expiresAtMs - Date.now()).toBeLessThanOrEqual(ACCESS_TOKEN_TTL_MS);
});

test.each([
  ['another secret', sign('HS256', 'x'.repeat(32), good)],
  ['another algorithm', sign('HS512', secret.repeat(2), good)],
  ['another issuer', sign('HS256', secret, { ...good, iss: 'other' })],
  ['another audience', sign('HS256', secret, { ...good, aud: 'other' })],
  ['no subject', sign('HS256', secret, { iss: 'parley', aud: 'parley', exp: '1m' })],
  ['no end', sign('HS256', secret, { iss: 'parley', aud: 'parley', sub: 'u_ada' })],
  ['an end in the past', sign('HS256', secret, { ...good, exp: '-1s' })],
  ['nothing in it', Promise.resolve('..')],
])('a token with %s proves nothing', async (_name, token) => {
  await expect(tokens.verify(await token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
