import { AsyncLocalStorage } from 'node:async_hooks';

const callers = new AsyncLocalStorage<string>();

/**
 * Runs work on behalf of a caller: a user, or an address while nobody is signed in. Everything that the work awaits counts for the
 * caller where a resource is shared between callers.
 */
export const runAs = <T>(caller: string, work: () => T): T => callers.run(caller, work);

/** Returns the caller of the current request; undefined in background work of the server. */
export const currentCaller = (): string | undefined => callers.getStore();
