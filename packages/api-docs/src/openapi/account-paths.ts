import { GuestPayload, LoginPayload, RegisterPayload, SignedIn, User, UserList, UsersQuery } from '@parley/protocol';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { errorResponses, json } from './responses.ts';

const accounts = { tags: ['Accounts'] };
/** For calls that need no access token. */
const open = { ...accounts, security: [] };
const refreshCookie = {
  'Set-Cookie': {
    description: 'The `refresh` cookie: httpOnly, path `/api/auth`. Each refresh replaces it',
    schema: { type: 'string' as const },
  },
};
const signedIn = (description: string) => ({ description, headers: refreshCookie, content: json(SignedIn) });

export const ACCOUNT_PATHS: ZodOpenApiPathsObject = {
  '/api/auth/register': {
    post: {
      ...open,
      operationId: 'register',
      summary: 'Register an account and log in',
      requestBody: { required: true, content: json(RegisterPayload) },
      responses: {
        201: signedIn('The new account'),
        ...errorResponses('PAYLOAD_TOO_LARGE', 'CONFLICT'),
      },
    },
  },
  '/api/auth/login': {
    post: {
      ...open,
      operationId: 'login',
      summary: 'Log in',
      requestBody: { required: true, content: json(LoginPayload) },
      responses: {
        200: signedIn('Logged in'),
        ...errorResponses('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED'),
      },
    },
  },
  '/api/auth/guest': {
    post: {
      ...open,
      operationId: 'joinAsGuest',
      summary: 'Create a guest, who has no password',
      description:
        'Fails with `FORBIDDEN` unless the operator allows guests (`ALLOW_GUESTS`). A guest that does not sign in or refresh its token for ' +
        '30 days (`GUEST_TTL_MS`) expires: it keeps its name and messages, and cannot sign in any more.',
      requestBody: { required: true, content: json(GuestPayload) },
      responses: {
        201: signedIn('The new guest'),
        ...errorResponses('PAYLOAD_TOO_LARGE'),
      },
    },
  },
  '/api/auth/refresh': {
    post: {
      ...accounts,
      security: [{ refreshCookie: [] }],
      operationId: 'refresh',
      summary: 'Get a new access token',
      description:
        'Replaces the refresh cookie. The use of a cookie that was replaced before counts as theft and ends the whole login.',
      responses: { 200: signedIn('A new access token'), ...errorResponses('UNAUTHENTICATED') },
    },
  },
  '/api/auth/logout': {
    post: {
      ...accounts,
      security: [{ refreshCookie: [] }, {}],
      operationId: 'logout',
      summary: 'Log out',
      responses: { 204: { description: 'Logged out. Also sent without a cookie' }, ...errorResponses() },
    },
  },
  '/api/me': {
    get: {
      ...accounts,
      operationId: 'me',
      summary: 'Get the caller',
      responses: { 200: { description: 'The caller', content: json(User) }, ...errorResponses('UNAUTHENTICATED') },
    },
  },
  '/api/users': {
    get: {
      ...accounts,
      operationId: 'findUsers',
      summary: 'Find users',
      description: 'A search does not list expired guests. A lookup by id finds them.',
      requestParams: { query: UsersQuery },
      responses: {
        200: { description: 'The matching users', content: json(UserList) },
        ...errorResponses('UNAUTHENTICATED'),
      },
    },
  },
};
