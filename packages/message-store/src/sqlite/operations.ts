import * as conversations from './conversations.ts';
import type { Database } from './database.ts';
import * as markers from './markers.ts';
import { hasQueued, hasUnindexed, indexSome, searchMessages } from './message-search.ts';
import * as messages from './messages.ts';
import * as refreshTokens from './refresh-tokens.ts';
import { findSent, isEmpty, sentSince } from './sent-messages.ts';
import * as users from './users.ts';

/** Throws unless the file is readable and has its schema. */
const ping = (database: Database): void => {
  database.get('SELECT max(version) FROM migrations');
};

const sent = { findSent, sentSince, isEmpty };
const search = { hasQueued, hasUnindexed, indexSome, searchMessages };

/** The operations of a database thread by name. */
export const operations = {
  ping,
  ...messages,
  ...sent,
  ...search,
  ...users,
  ...conversations,
  ...refreshTokens,
  ...markers,
};

export type Operations = typeof operations;
export type OperationName = keyof Operations;

/** The arguments of a caller. The thread adds the database. */
export type ArgumentsOf<Name extends OperationName> = Operations[Name] extends (
  database: Database,
  ...args: infer Arguments
) => unknown
  ? Arguments
  : never;
export type ResultOf<Name extends OperationName> = ReturnType<Operations[Name]>;
