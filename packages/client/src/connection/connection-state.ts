import type { HelloReply, Session } from '@parley/protocol';
import type { ParleyError } from '../parley-error.ts';

/** The state of a `Connection`, whose documentation describes the transitions. */
export type ConnectionState =
  /** Not started, or stopped. */
  | { readonly phase: 'closed' }
  /** A connection attempt is running. */
  | { readonly phase: 'connecting' }
  /** Connected; the server has acked `session:hello`. */
  | { readonly phase: 'online'; readonly session: Session; readonly heads: HelloReply['heads'] }
  /** Not connected. The next attempt follows automatically, at this time of the local clock. */
  | { readonly phase: 'offline'; readonly error: ParleyError; readonly retryAtMs: number }
  /** All session slots are taken. Position 1 is next; undefined if the server did not give a position. */
  | { readonly phase: 'waiting'; readonly position: number | undefined }
  /** The user has another session, since this time (ISO 8601) if the server gave one. Stays until `takeOver`. */
  | { readonly phase: 'already-connected'; readonly since: string | undefined }
  /** Another session of the user replaced this one. Stays until `takeOver`. */
  | { readonly phase: 'replaced' }
  /** The server ended the session: the user was inactive while others waited for a slot. Stays until `reconnect`. */
  | { readonly phase: 'idle-ended' }
  /** The login has ended. Stays until a new login and `start`. */
  | { readonly phase: 'expired' };

export const CLOSED_STATE: ConnectionState = { phase: 'closed' };
