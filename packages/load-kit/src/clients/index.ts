export { type ClientMix, DEFAULT_CLIENT_MIX } from './client-mix.ts';
export { openSession } from './client-session.ts';
export { type Account, createConversation, signUpGuest } from './rest.ts';
export { Workload } from './workload.ts';
