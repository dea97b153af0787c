import type { HelloReply, Session } from '@parley/protocol';
import type { ParleyError } from '../parley-error.ts';

/** Where a connection stands. `Connection` says how it moves from one to the next. */
export type ConnectionState =
  /** Not started, or stopped. */
  | { readonly phase: 'closed' }
  /** An attempt is under way. */
  | { readonly phase: 'connecting' }
  /** In, and known to the server. */
  | { readonly phase: 'online'; readonly session: Session; readonly heads: HelloReply['heads'] }
  /** No connection; another attempt follows by itself. */
  | { readonly phase: 'offline'; readonly error: ParleyError }
  /** Every place is taken: this is the place in the queue, 1 is next; undefined where the server did not say. */
  | { readonly phase: 'waiting'; readonly position: number | undefined }
  /** The user is connected elsewhere, since this time (ISO 8601) where the server said it. Waits for `takeOver`. */
  | { readonly phase: 'already-connected'; readonly since: string | undefined }
  /** The user went on elsewhere, which ended this session. Waits for `takeOver`. */
  | { readonly phase: 'replaced' }
  /** The login has ended: a new one is needed, then `start`. */
  | { readonly phase: 'expired' };

export const CLOSED_STATE: ConnectionState = { phase: 'closed' };
