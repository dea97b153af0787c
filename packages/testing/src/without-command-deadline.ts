import { type Cluster, Redis } from 'ioredis';

const PATIENCE_MS = 120_000;

/**
 * Gives the commands of a connection time: for tests that are not about their deadline, a machine that stands still for two
 * seconds is no outage.
 */
export function withoutCommandDeadline<T extends Redis | Cluster>(connection: T): T {
  const options =
    connection instanceof Redis
      ? [connection.options]
      : [connection.options.redisOptions, ...connection.nodes('all').map((node) => node.options)];
  for (const each of options) if (each?.commandTimeout) each.commandTimeout = PATIENCE_MS;
  return connection;
}
