import type { RedisConnection } from '@parley/service-kit';
import type { ChatServerConfig } from '../config.ts';
import type { ChatServerMetrics, LimitRule } from '../metrics.ts';
import { EventLimit } from './event-limit.ts';
import { RateLimit } from './rate-limit.ts';

const MINUTE_SECONDS = 60;

const HOUR_SECONDS = 3_600;

/** Wrong passwords count for this time. */
const FAILED_LOG_IN_SECONDS = 300;

/** Every limit by address and by rate of the cluster, each with its setting. */
export interface ClientLimits {
  /** By address. */
  readonly signUps: RateLimit;
  /** By address. */
  readonly logIns: RateLimit;
  /** Wrong passwords, by name and address. */
  readonly failedLogIns: RateLimit;
  /** Wrong passwords, by name. */
  readonly failedLogInsOfName: RateLimit;
  /** By address. */
  readonly handshakes: RateLimit;
  /** By user. */
  readonly requests: RateLimit;
  /** By address. */
  readonly requestsOfAddress: RateLimit;
  /** By user: of messages and of users. */
  readonly searches: RateLimit;
  /** By user: created ones. */
  readonly conversations: RateLimit;
  /** By user. */
  readonly events: EventLimit;
}

/** @param redis a connection of its own, so that no flood delays the commands of others */
export function createClientLimits(
  config: ChatServerConfig,
  redis: RedisConnection,
  metrics: Pick<ChatServerMetrics, 'chat_rate_limited_total'>,
): ClientLimits {
  const perMinute = (rule: LimitRule, limit: number) =>
    new RateLimit({ rule, limit, seconds: MINUTE_SECONDS, redis, metrics });
  const withTakeBack = (rule: LimitRule, limit: number, seconds: number) =>
    new RateLimit({ rule, limit, seconds, takesBack: true, redis, metrics });
  return {
    signUps: perMinute('sign-up', config.SIGNUPS_PER_MINUTE),
    logIns: perMinute('log-in', config.LOGINS_PER_MINUTE),
    failedLogIns: withTakeBack('failed-log-in', config.FAILED_LOGINS, FAILED_LOG_IN_SECONDS),
    failedLogInsOfName: withTakeBack('failed-log-in-name', config.FAILED_LOGINS_PER_NAME, FAILED_LOG_IN_SECONDS),
    handshakes: perMinute('handshake', config.HANDSHAKES_PER_MINUTE),
    requests: perMinute('request', config.REQUESTS_PER_MINUTE),
    requestsOfAddress: perMinute('request-address', config.REQUESTS_PER_MINUTE_PER_ADDRESS),
    searches: withTakeBack('search', config.SEARCHES_PER_MINUTE, MINUTE_SECONDS),
    conversations: withTakeBack('conversation', config.CONVERSATIONS_PER_HOUR, HOUR_SECONDS),
    events: new EventLimit({ perSecond: config.EVENTS_PER_SECOND, metrics }),
  };
}
