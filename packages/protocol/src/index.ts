export * from './accepted-message.ts';
export * from './conversation.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './ids.ts';
export * from './message.ts';
export * from './rest.ts';
export * from './text.ts';
