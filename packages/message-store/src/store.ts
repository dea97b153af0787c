import type { ConversationStore } from './conversation-store.ts';
import type { MessageStore } from './message-store.ts';
import type { RefreshTokenStore } from './refresh-token-store.ts';
import type { UserStore } from './user-store.ts';

/**
 * The store can't answer now: it is away, slow, locked or closed. The call may be repeated; it may or may not have
 * happened.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * Everything that outlives Redis. Opening it creates or migrates what is missing; many processes may do so at once.
 *
 * Every method of every part rejects with `StoreUnavailable` when the store can't answer within its deadline.
 */
export interface Store {
  readonly messages: MessageStore;
  readonly users: UserStore;
  readonly conversations: ConversationStore;
  readonly refreshTokens: RefreshTokenStore;
  /** Rejects with `StoreUnavailable` when the store does not answer. */
  ping(): Promise<void>;
  /** Lets what was asked before finish, then lets go of threads, files and connections. */
  close(): Promise<void>;
}
