import * as conversations from './conversations.ts';
import type { Database } from './database.ts';
import { hasQueued, hasUnindexed, indexSome, searchMessages } from './message-search.ts';
import * as messages from './messages.ts';
import * as refreshTokens from './refresh-tokens.ts';
import * as users from './users.ts';

/** Fails unless the file can be read and has its schema. */
const ping = (database: Database): void => {
  database.get('SELECT max(version) FROM migrations');
};

const search = { hasQueued, hasUnindexed, indexSome, searchMessages };

/** Everything that a thread can be asked to do with its database, by name. */
export const operations = { ping, ...messages, ...search, ...users, ...conversations, ...refreshTokens };

export type Operations = typeof operations;
export type OperationName = keyof Operations;

/** What a caller gives; the thread adds the database. */
export type ArgumentsOf<Name extends OperationName> = Operations[Name] extends (
  database: Database,
  ...args: infer Arguments
) => unknown
  ? Arguments
  : never;
export type ResultOf<Name extends OperationName> = ReturnType<Operations[Name]>;
