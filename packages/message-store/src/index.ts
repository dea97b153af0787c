export type {
  ConversationListPage,
  ConversationRecord,
  ConversationStore,
  DirectConversation,
  ListedConversation,
  ListPosition,
  ListQuery,
} from './conversation-store.ts';
export type { LastSeenRecord, LastSeenStore } from './last-seen-store.ts';
export type { MarkerRecord, MarkerStore } from './marker-store.ts';
export type {
  MessageSearch,
  MessageStore,
  Rejection,
  SaveOutcome,
  SeqRange,
  TracedMessage,
  TraceRecord,
} from './message-store.ts';
export { openStore } from './open-store.ts';
export type { RefreshTokenRecord, RefreshTokenStore, RotateOutcome } from './refresh-token-store.ts';
export { type OpenSqliteStoreOptions, openSqliteStore } from './sqlite/open-sqlite-store.ts';
export { type Store, StoreUnavailable } from './store.ts';
export type { UserRecord, UserStore } from './user-store.ts';
