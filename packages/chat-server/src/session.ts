import type { FencingToken } from '@parley/leases';
import type { UserId } from '@parley/protocol';

export type SessionEndReason = 'replaced' | 'lost' | 'unauthorised' | 'silent' | 'slow' | 'disconnected' | 'shutdown';

/** One user's place in the cluster, as the server that holds it sees it. */
export interface Session {
  readonly userId: UserId;
  readonly token: FencingToken;
  startedAtMs: number;
  /** `performance.now()` when the place was asked for. */
  readonly openedAt: number;
  authorisedUntilMs: number;
  /** `performance.now()` until which the place is certainly ours; after it nothing of the client is carried out; 0 = not yet. */
  heldUntil: number;
  /** Whether the client has said anything yet. */
  hasSpoken: boolean;
  /** Set once: why it ended. */
  endedBy: SessionEndReason | undefined;
  /** Tells the client why and closes its connection; set when the connection is up. */
  closeConnection: ((reason: SessionEndReason) => void) | undefined;
}
