import type { IncomingMessage } from 'node:http';

/**
 * Returns the session id by which Engine.IO finds the connection of a request; undefined = the request is a handshake.
 *
 * A middleware with a parser of its own could disagree with Engine.IO about a repeated or empty parameter.
 */
export const sessionIdOf = (request: IncomingMessage): string | undefined =>
  (request as IncomingMessage & { readonly _query: Readonly<Record<string, string>> })._query.sid || undefined;
