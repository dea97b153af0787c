// cspell:ignore passport
import { expect, test } from '@jest/globals';
import { ERROR_CATALOGUE, type ErrorCode } from '@parley/protocol';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiDocument } from '../src/index.ts';

const document = openApiDocument();
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  (['get', 'post', 'patch', 'delete'] as const).flatMap((method) => {
    const operation = item[method];
    return operation ? [{ call: `${method.toUpperCase()} ${path}`, operation }] : [];
  }),
);

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate({ ...document });
  expect(result).toEqual({ valid: true });
});

test('every call is documented with its success statuses', () => {
  const successes = operations.map(({ call, operation }) => {
    const statuses = Object.keys(operation.responses ?? {}).filter((status) => status.startsWith('2'));
    return `${call} ${statuses.join(' ')}`;
  });
  expect(successes).toEqual([
    'POST /api/auth/register 201',
    'POST /api/auth/login 200',
    'POST /api/auth/guest 201',
    'POST /api/auth/refresh 200',
    'POST /api/auth/logout 204',
    'GET /api/me 200',
    'GET /api/users 200',
    'GET /api/conversations 200',
    'POST /api/conversations 200 201',
    'PATCH /api/conversations/{id} 200',
    'POST /api/conversations/{id}/members 200',
    'DELETE /api/conversations/{id}/members/{userId} 204',
    'GET /api/conversations/{id}/messages 200',
    'GET /api/conversations/{id}/receipts 200',
    'GET /api/search 200',
    'GET /api/messages/{id}/trace 200',
    'GET /api/messages/{id}/passport 200',
    'GET /healthz 200',
    'GET /readyz 200',
  ]);
});

test('schemas of the protocol keep their names', () => {
  expect(Object.keys(document.components?.schemas ?? {}).sort()).toEqual([
    'AddMembersPayload',
    'Alive',
    'Conversation',
    'ConversationList',
    'CreateConversationPayload',
    'GuestPayload',
    'LoginPayload',
    'Media',
    'Message',
    'MessagePage',
    'MessageTrace',
    'NotReady',
    'Passport',
    'Problem',
    'Ready',
    'Receipt',
    'ReceiptList',
    'RegisterPayload',
    'RenamePayload',
    'SearchPage',
    'SignedIn',
    'User',
    'UserList',
  ]);
});

test('each error code is documented under its status in the catalogue', () => {
  const errors = operations
    .filter(({ call }) => call.includes('/api/'))
    .flatMap(({ operation }) =>
      Object.entries(operation.responses ?? {})
        .filter(([status]) => Number(status) >= 400)
        .flatMap(([status, response]) =>
          Object.keys(response.content?.['application/problem+json']?.examples ?? {}).map((code) => ({ status, code })),
        ),
    );
  expect(errors.length).toBeGreaterThan(0);
  for (const { status, code } of errors) {
    expect({ code, status }).toEqual({ code, status: String(ERROR_CATALOGUE[code as ErrorCode].status) });
  }
});

test('a number in a query string is documented as a bounded integer', () => {
  const parameters = document.paths?.['/api/conversations/{id}/messages']?.get?.parameters;
  expect(parameters).toContainEqual(
    expect.objectContaining({
      name: 'limit',
      in: 'query',
      schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
    }),
  );
});

test('only login and health need no access token', () => {
  const open = operations.filter(({ operation }) => operation.security?.length === 0).map(({ call }) => call);
  expect(open).toEqual([
    'POST /api/auth/register',
    'POST /api/auth/login',
    'POST /api/auth/guest',
    'GET /healthz',
    'GET /readyz',
  ]);
});
