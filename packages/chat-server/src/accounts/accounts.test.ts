import { expect, test } from '@jest/globals';
import type { UserRecord } from '@parley/message-store';
import { ASSISTANT_ID, User, type UserId } from '@parley/protocol';
import { toUser } from './accounts.ts';

const record = (fields: Partial<UserRecord>): UserRecord => ({
  id: 'u_ada' as UserId,
  username: 'ada',
  displayName: 'Ada',
  passwordHash: undefined,
  createdAtMs: 0,
  ...fields,
});

test.each([
  ['a user with a password', record({ passwordHash: '$argon2id$…' }), 'account'],
  ['a user without a password', record({}), 'guest'],
  ['the assistant', record({ id: ASSISTANT_ID }), 'assistant'],
])('%s has the kind that the stored record implies', (_name, stored, kind) => {
  expect(toUser(stored)).toEqual({ id: stored.id, username: 'ada', displayName: 'Ada', kind });
  expect(User.parse(toUser(stored))).toEqual(toUser(stored));
});
