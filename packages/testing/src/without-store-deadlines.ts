/** Options that raise the deadlines of a store, for the reason that `withoutCommandDeadline` gives. */
export const WITHOUT_STORE_DEADLINES = { busyTimeoutMs: 110_000, deadlineMs: 120_000, openDeadlineMs: 120_000 };
