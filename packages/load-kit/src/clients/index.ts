export { type ClientMix, DEFAULT_CLIENT_MIX } from './client-mix.ts';
export { openSession, type Reply } from './client-session.ts';
export { ConversationTracker, type SeenAs } from './conversation-tracker.ts';
export { type Account, createConversation, RestError, type RetryOptions, signUpGuest } from './rest.ts';
export { Workload } from './workload.ts';
