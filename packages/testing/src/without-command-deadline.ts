import { type Cluster, Redis } from 'ioredis';

const PATIENCE_MS = 120_000;

/**
 * Gives the commands of a connection time: for tests that are not about their deadline, a machine that stands still for two
 * seconds is no outage.
 */
export function withoutCommandDeadline<T extends Redis | Cluster>(connection: T): T {
  if (connection instanceof Redis && connection.options.commandTimeout) connection.options.commandTimeout = PATIENCE_MS;
  return connection;
}
