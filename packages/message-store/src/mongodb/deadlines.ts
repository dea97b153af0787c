/** The longest duration of a call, enforced independently of the driver. */
export const DEADLINE_MS = 5_000;

/** Shorter than `DEADLINE_MS`, so the caller gets the error of the server. */
export const SERVER_DEADLINE_MS = 4_500;

/** The limits of every command. */
export const COMMAND_LIMITS = { maxTimeMS: SERVER_DEADLINE_MS } as const;
