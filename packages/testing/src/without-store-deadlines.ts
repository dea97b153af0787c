/** Gives the calls of a store time, as `withoutCommandDeadline` does those of a Redis connection: options for opening one. */
export const WITHOUT_STORE_DEADLINES = { busyTimeoutMs: 110_000, deadlineMs: 120_000, openDeadlineMs: 120_000 };
