const include = (name: string) => new URL(`./scripts/${name}.lua`, import.meta.url);

/** The Lua functions for scripts that depend on the epoch. */
export const EPOCH_FUNCTIONS: readonly URL[] = [include('epoch')];

/** The Lua functions for scripts that recognise repeated messages; they need those of the epoch. */
export const DEDUPE_FUNCTIONS: readonly URL[] = [include('epoch'), include('dedupe')];

/** The Lua functions for scripts that look for entries of the log. */
export const ENTRY_FUNCTIONS: readonly URL[] = [include('epoch'), include('find-entry')];

/** The Lua functions for scripts that let the keys of a conversation expire. */
export const EXPIRY_FUNCTIONS: readonly URL[] = [include('expiry')];

/** The Lua functions for scripts that count who holds the places in process. */
export const PLACES_FUNCTIONS: readonly URL[] = [include('places')];
