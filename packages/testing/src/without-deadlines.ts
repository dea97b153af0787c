import { type Cluster, Redis } from 'ioredis';

const TIMEOUT_MS = 120_000;

/**
 * Raises the command timeout of a connection. In tests that are not about outages, a machine that pauses for two seconds must not
 * count as one.
 */
export function withoutCommandDeadline<T extends Redis | Cluster>(connection: T): T {
  const options =
    connection instanceof Redis
      ? [connection.options]
      : [connection.options.redisOptions, ...connection.nodes('all').map((node) => node.options)];
  for (const each of options) if (each?.commandTimeout) each.commandTimeout = TIMEOUT_MS;
  return connection;
}

/** Options that raise the deadlines of a store, for the reason that `withoutCommandDeadline` gives. */
export const WITHOUT_STORE_DEADLINES = { busyTimeoutMs: 110_000, deadlineMs: 120_000, openDeadlineMs: 120_000 };
