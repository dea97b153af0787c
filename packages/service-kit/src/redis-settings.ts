import type { Redis } from 'ioredis';
import type { Logger } from './logger.ts';
import { COMMAND_TIMEOUT_MS, type RedisConnection, serversOf } from './redis.ts';

/**
 * Returns one line for each setting of Redis under which acked messages may be lost, or Redis may fill the machine. Each says what
 * happens and what to set; `docs/operations/redis.md` has the details.
 */
export async function redisSettingWarnings(redis: RedisConnection): Promise<string[]> {
  return [...new Set((await Promise.all(serversOf(redis).map(warningsOf))).flat())];
}

/** Logs the warnings. Never rejects: a Redis that does not answer now is reported by its other users. */
export async function logRedisSettingWarnings(redis: RedisConnection, logger: Logger): Promise<void> {
  try {
    for (const warning of await redisSettingWarnings(redis)) logger.warn(warning);
  } catch (error) {
    logger.debug({ err: error }, 'the settings of Redis could not be checked');
  }
}

async function warningsOf(redis: Redis): Promise<string[]> {
  const [memory, persistence, replication] = await Promise.all([
    redis.info('memory').then(fieldsOf),
    redis.info('persistence').then(fieldsOf),
    redis.info('replication').then(fieldsOf),
  ]);
  const [appendfsync, minReplicas, nodeTimeoutMs] = await Promise.all([
    readSetting(redis, 'appendfsync'),
    readSetting(redis, 'min-replicas-to-write'),
    readSetting(redis, 'cluster-node-timeout'),
  ]);
  const policy = memory.get('maxmemory_policy');
  const hasAppendOnlyFile = persistence.get('aof_enabled') === '1';
  const replicas = Number(replication.get('connected_slaves') ?? 0);
  const warnings: string[] = [];
  if (memory.get('maxmemory') === '0') {
    warnings.push(
      'Redis has no memory limit (maxmemory 0) and may fill the machine. Set maxmemory, for example to 512mb.',
    );
  }
  if (policy !== 'noeviction') {
    warnings.push(
      `Redis deletes messages and sessions when its memory is full (maxmemory-policy ${policy}). Set maxmemory-policy to noeviction.`,
    );
  }
  if (!hasAppendOnlyFile) {
    warnings.push('A restart of Redis loses every message that is not stored (appendonly no). Set appendonly to yes.');
  } else if (appendfsync === undefined) {
    warnings.push('CONFIG GET is not permitted, so appendfsync and min-replicas-to-write were not checked.');
  } else if (appendfsync !== 'always') {
    warnings.push(
      `A power cut may lose the newest acked messages (appendfsync ${appendfsync}); the client library resends its own. Set appendfsync to always if other clients must not lose any.`,
    );
  }
  if (replicas > 0 && minReplicas === '0') {
    warnings.push(
      `A failover may lose acked messages that no replica has (min-replicas-to-write 0, replicas: ${replicas}). Set min-replicas-to-write to 1.`,
    );
  }
  if (Number(nodeTimeoutMs) < COMMAND_TIMEOUT_MS) {
    warnings.push(
      `A frozen master may ack messages after its successor was promoted (cluster-node-timeout ${nodeTimeoutMs}). Set cluster-node-timeout to ${COMMAND_TIMEOUT_MS} or more.`,
    );
  }
  return warnings;
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  return new Map(Array.from(info.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = '', value = '']) => [name, value]));
}

/** Returns undefined if the user may not read settings, as with some managed Redis services. */
async function readSetting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const [, value] = (await redis.config('GET', name)) as string[];
    return value;
  } catch (error) {
    if (error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message)) return undefined;
    throw error;
  }
}
