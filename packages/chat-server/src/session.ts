import type { FencingToken } from '@parley/leases';
import type { UserId } from '@parley/protocol';

export type SessionEndReason =
  | 'replaced'
  | 'lost'
  | 'unauthorised'
  | 'silent'
  | 'idle'
  | 'slow'
  | 'excessive'
  | 'disconnected'
  | 'isolated'
  | 'shutdown';

/** A user's session slot, as seen by the server that holds it. `SessionRegistry` describes its life. */
export interface Session {
  readonly userId: UserId;
  readonly token: FencingToken;
  /** Orders the sessions of a user: a later one has a higher number. 0 = not known. */
  fence: number;
  startedAtMs: number;
  /** `performance.now()` when the slot was requested. */
  readonly openedAt: number;
  authorisedUntilMs: number;
  /** `elapsedMs()` up to which this server certainly holds the slot; 0 = not acquired yet. */
  heldUntil: number;
  /** Whether the client has sent a valid event. */
  hasSentEvent: boolean;
  /** `elapsedMs()` of the user's last activity that is not reported with a renewal yet. */
  activeAt: number | undefined;
  /** Whether the client knows that the session ends soon because it is idle. */
  isWarned: boolean;
  /** Why the session ended; set once. */
  endedBy: SessionEndReason | undefined;
  /** Notifies the client and closes its connection. Undefined until there is one. */
  closeConnection: ((reason: SessionEndReason) => void) | undefined;
  /** Sends the client the time at which its idle session ends, in Unix milliseconds. Undefined until the client is connected. */
  warnIdle: ((endsAtMs: number) => void) | undefined;
}
