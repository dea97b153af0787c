import { createLogger } from './logger.ts';
import { createMetrics, type MetricTable } from './metrics.ts';
import { Readiness, startOpsServer } from './ops-server.ts';
import { connectRedis, isRedisReady, type RedisConnection, type RedisRole } from './redis.ts';
import { logRedisSettingWarnings } from './redis-settings.ts';

export interface ServiceBaseConfig {
  readonly NODE_NAME: string;
  readonly LOG_LEVEL: string;
  readonly REDIS_URL: string;
  readonly BIND_ADDRESS: string;
  readonly OPS_PORT: number;
}

/** Creates the parts that every service has: logger, metrics, readiness, and Redis connections that carry its name. */
export function createServiceBase<const Table extends MetricTable>(config: ServiceBaseConfig, table: Table) {
  const name = config.NODE_NAME;
  const logger = createLogger({ name, level: config.LOG_LEVEL });
  const metrics = createMetrics(table, name);
  const readiness = new Readiness();
  let isRedisChecked = false;
  return {
    name,
    logger,
    metrics,
    readiness,
    /** @param use shown in the name of the connection in Redis' `CLIENT LIST` */
    async connect(role: RedisRole, use: string): Promise<RedisConnection> {
      const redis = await connectRedis(config.REDIS_URL, role, { logger, connectionName: `${name}:${use}` });
      if (role === 'command' && !isRedisChecked) {
        isRedisChecked = true;
        void logRedisSettingWarnings(redis, logger);
      }
      return redis;
    },
    /** Adds a readiness check: `command` answers a ping, and `others` are connected. */
    requireRedis(command: RedisConnection, ...others: RedisConnection[]): void {
      readiness.require('redis', async () => {
        if (![command, ...others].every(isRedisReady)) throw new Error('Redis is unavailable');
        await command.ping(); // a frozen Redis keeps its connections open
      });
    },
    /** Serves `/healthz`, `/readyz` and `/metrics` on the service's own port. */
    startOpsServer: () =>
      startOpsServer({ host: config.BIND_ADDRESS, port: config.OPS_PORT, readiness, registry: metrics.registry }),
  };
}
