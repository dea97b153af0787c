import { ChatError, GuestPayload, LoginPayload, parsePayload, RegisterPayload } from '@parley/protocol';
import { parseCookie, stringifySetCookie } from 'cookie';
import { type Request, type Response, Router } from 'express';
import type { Accounts, Grant } from '../accounts/accounts.ts';
import type { SignInLimits } from '../accounts/sign-in-limits.ts';
import { runAs } from '../caller.ts';
import type { ClientAddresses } from '../client-address.ts';
import type { RateLimit } from '../limits/rate-limit.ts';

const REFRESH_COOKIE = 'refresh';
const COOKIE_PATH = '/api/auth';

/** `/api/auth`: registration, login, guests, refresh and logout. */
export function accountRoutes(parts: {
  accounts: Accounts;
  signUps: RateLimit;
  signInLimits: SignInLimits;
  addresses: ClientAddresses;
  allowGuests: boolean;
  /** Called after a refresh, so a live session lasts as long as the new token. */
  onRefreshed: (grant: Grant) => Promise<void>;
}): Router {
  const { accounts, signUps, signInLimits, addresses, allowGuests, onRefreshed } = parts;
  const router = Router();

  // Nobody is signed in yet: the callers of one address share what a caller may use.
  router.use((request, _response, next) => runAs(`address ${addresses.of(request)}`, next));

  router.post('/register', async (request, response) => {
    const { username, password, displayName } = parsePayload(RegisterPayload, request.body);
    const address = addresses.of(request);
    await signUps.count(address);
    const grant = await accounts.register(username, password, displayName);
    await signInLimits.learn(username, address);
    sendGrant(request, response.status(201), grant);
  });

  router.post('/login', async (request, response) => {
    const { username, password } = parsePayload(LoginPayload, request.body);
    const logIn = () => accounts.logIn(username, password);
    const grant = await signInLimits.limit(username, addresses.of(request), logIn);
    sendGrant(request, response, grant);
  });

  router.post('/guest', async (request, response) => {
    if (!allowGuests)
      throw new ChatError('FORBIDDEN', { message: 'This cluster does not allow guests. Register or log in.' });
    const { displayName } = parsePayload(GuestPayload, request.body);
    await signUps.count(addresses.of(request));
    sendGrant(request, response.status(201), await accounts.createGuest(displayName));
  });

  router.post('/refresh', async (request, response) => {
    const token = refreshTokenOf(request);
    if (!token) throw new ChatError('UNAUTHENTICATED', { message: 'The refresh cookie is missing. Log in.' });
    const grant = await accounts.refresh(token);
    await onRefreshed(grant);
    sendGrant(request, response, grant);
  });

  router.post('/logout', async (request, response) => {
    const token = refreshTokenOf(request);
    if (token) await accounts.logOut(token);
    setRefreshCookie(request, response, '', 0);
    response.status(204).end();
  });

  return router;
}

const refreshTokenOf = (request: Request) => parseCookie(request.headers.cookie ?? '')[REFRESH_COOKIE];

function sendGrant(request: Request, response: Response, grant: Grant): void {
  setRefreshCookie(request, response, grant.refreshToken, grant.expiresAtMs - Date.now());
  response.set('Cache-Control', 'no-store').json(grant.signedIn);
}

function setRefreshCookie(request: Request, response: Response, value: string, lifeMs: number): void {
  const cookie = stringifySetCookie({
    name: REFRESH_COOKIE,
    value,
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure,
    path: COOKIE_PATH,
    maxAge: Math.floor(lifeMs / 1_000),
  });
  response.append('Set-Cookie', cookie);
}
