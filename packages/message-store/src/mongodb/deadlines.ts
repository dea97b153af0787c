/** The longest that a call takes, whatever the driver does meanwhile. */
export const DEADLINE_MS = 5_000;

/** The server gives up before the caller does, and says so. */
export const SERVER_DEADLINE_MS = 4_500;

/** For each command. */
export const COMMAND_LIMITS = { maxTimeMS: SERVER_DEADLINE_MS } as const;
