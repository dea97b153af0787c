import type { ConversationStore } from './conversation-store.ts';
import type { LastSeenStore } from './last-seen-store.ts';
import type { MarkerStore } from './marker-store.ts';
import type { MessageStore } from './message-store.ts';
import type { RefreshTokenStore } from './refresh-token-store.ts';
import type { UserStore } from './user-store.ts';

/** The store is unreachable, slow, locked or closed. The call may have taken effect. The caller may repeat it. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * The durable data: history, users, conversations, refresh tokens, read markers and last-seen times. Opening a store creates or migrates its schema; many processes
 * may open it at once.
 *
 * Guarantees of every method: it resolves only after its change is durable (majority write concern, synchronous commit). It rejects
 * with `StoreUnavailable` if the store does not answer within its deadline. It is idempotent unless its docstring says otherwise, so
 * callers retry; the store itself never does.
 */
export interface Store {
  readonly messages: MessageStore;
  readonly users: UserStore;
  readonly conversations: ConversationStore;
  readonly refreshTokens: RefreshTokenStore;
  readonly markers: MarkerStore;
  readonly lastSeen: LastSeenStore;
  /** Rejects with `StoreUnavailable` if the store does not answer. */
  ping(): Promise<void>;
  /** Completes earlier calls, then closes threads, files and connections. Later calls reject with `StoreUnavailable`. */
  close(): Promise<void>;
}
