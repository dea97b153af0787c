import { type RedisConnection, serversOf } from '@parley/service-kit';

/** Keys that one SCAN examines. It blocks Redis for less than a millisecond. */
const SCAN_COUNT = 1_000;

/** Yields the keys with a prefix, some at a time, until the signal aborts. Examines all keys of Redis. */
export async function* scanKeys(
  redis: RedisConnection,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  for (const server of serversOf(redis)) {
    let cursor = '0';
    do {
      const [next, found] = await server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
      if (found.length > 0) yield found;
      cursor = next;
    } while (cursor !== '0' && !signal?.aborted);
  }
}
