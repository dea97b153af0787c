import { GuestPayload, LoginPayload, RegisterPayload, SignedIn, User, UserList, UsersQuery } from '@parley/protocol';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, refusals } from './responses.ts';

const accounts = { tags: ['Accounts'] };
/** The call needs no access token. */
const open = { ...accounts, security: [] };
const refreshCookie = {
  'Set-Cookie': {
    description: 'The `refresh` cookie: httpOnly, path `/api/auth`; each refresh replaces it',
    schema: { type: 'string' as const },
  },
};
const signedIn = (description: string) => ({ description, headers: refreshCookie, content: json(SignedIn) });

export const ACCOUNT_PATHS: ZodOpenApiPathsObject = {
  '/api/auth/register': {
    post: {
      ...open,
      operationId: 'register',
      summary: 'Make an account and log in',
      requestBody: { required: true, content: json(RegisterPayload) },
      responses: { 201: signedIn('The new account'), ...refusals('PAYLOAD_TOO_LARGE', 'CONFLICT', 'RATE_LIMITED') },
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
        ...refusals('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'RATE_LIMITED'),
      },
    },
  },
  '/api/auth/guest': {
    post: {
      ...open,
      operationId: 'joinAsGuest',
      summary: 'Join without a password',
      description: 'Refused with `FORBIDDEN` where the operator has turned guests off (`ALLOW_GUESTS`).',
      requestBody: { required: true, content: json(GuestPayload) },
      responses: {
        201: signedIn('The new guest'),
        ...refusals('PAYLOAD_TOO_LARGE', 'RATE_LIMITED'),
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
        'Replaces the refresh cookie. One that was replaced before is a stolen one: it ends all that came after it.',
      responses: { 200: signedIn('A new access token'), ...refusals('UNAUTHENTICATED') },
    },
  },
  '/api/auth/logout': {
    post: {
      ...accounts,
      security: [{ refreshCookie: [] }, {}],
      operationId: 'logout',
      summary: 'End the refresh cookie',
      responses: { 204: { description: 'Logged out, also where there was no cookie' }, ...refusals() },
    },
  },
  '/api/me': {
    get: {
      ...accounts,
      operationId: 'me',
      summary: 'The caller',
      responses: { 200: { description: 'The caller', content: json(User) }, ...refusals('UNAUTHENTICATED') },
    },
  },
  '/api/users': {
    get: {
      ...accounts,
      operationId: 'findUsers',
      summary: 'People to talk to',
      requestParams: { query: UsersQuery },
      responses: {
        200: { description: 'People whose names match', content: json(UserList) },
        ...refusals('UNAUTHENTICATED'),
      },
    },
  },
};
