export { type Crowd, USUAL_CROWD } from './client-mix.ts';
export { Load } from './client-pool.ts';
export { openSession } from './client-session.ts';
export { type Account, createConversation, signUpGuest } from './rest.ts';
