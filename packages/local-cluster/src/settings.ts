import {
  allowedOriginsSetting,
  allowGuestsSetting,
  clientLimitSettings,
  conversationIdleMsSetting,
  conversationQuotaSettings,
  dataDirSetting,
  dedupeSettings,
  guestTtlMsSetting,
  initialLogPartitions,
  integerSetting,
  jwtSecretSetting,
  logLevelSetting,
  logPartitionsSetting,
  markerIdleMsSetting,
  maxInProcessSetting,
  messageRateSettings,
  mongodbUrlSetting,
  nginxLimitSettings,
  presenceSettings,
  publicBindAddressSetting,
  readConfig,
  reclaimAfterMsSetting,
  redisBusyPercentSetting,
  redisUrlSetting,
  sessionSettings,
  setting,
  trustedProxiesSetting,
} from '@parley/service-kit';
import { z } from 'zod';

const redisMaxMemorySetting = integerSetting({
  section: 'Local cluster',
  min: 8,
  max: 1_048_576,
  default: 512,
  unit: 'MiB',
  meaning:
    'Memory limit of the Redis that `npm start` runs. Near it, sends get `BUSY`; Redis never deletes data to make room.',
  tradeOff:
    'A rewrite of the append-only file can need as much again. `docs/operations/redis.md` has the sizing formula.',
});

/**
 * The settings of `npm start`. Its services read their own from the same environment. `docs/configuration.md` and
 * `.env.example` are generated from this table.
 *
 * @param production whether a `JWT_SECRET` is required, guests are off and limits are on by default
 */
export const clusterSettings = (production: boolean) =>
  z.object({
    PORT: integerSetting({
      section: 'Local cluster',
      min: 1,
      max: 65_535,
      default: 8080,
      meaning: 'Public port: web client, REST and Socket.IO.',
    }),
    BIND_ADDRESS: publicBindAddressSetting,
    NODES: integerSetting({
      section: 'Local cluster',
      min: 1,
      max: 100,
      default: 3,
      unit: 'processes',
      meaning: 'Chat servers that `npm start` runs.',
      tradeOff: 'More of them serve more clients if there are cores for them. Each needs memory of its own.',
    }),
    WORKERS: integerSetting({
      section: 'Local cluster',
      min: 1,
      max: 100,
      default: 1,
      unit: 'processes',
      meaning: 'Message workers that `npm start` runs.',
      tradeOff: 'With two or more, the others continue when one dies.',
    }),
    NODE_ENV: setting(z.string().optional(), {
      section: 'Local cluster',
      allowed: 'production, or anything else',
      meaning:
        '`production` makes `JWT_SECRET` required, switches guests off and the limits by address and rate on by default.',
    }),
    DATA_DIR: dataDirSetting,
    ...sessionSettings,
    ...presenceSettings,
    MAX_IN_PROCESS: maxInProcessSetting,
    ...messageRateSettings(production),
    REDIS_URL: redisUrlSetting.optional(),
    REDIS_MAX_MEMORY_MB: redisMaxMemorySetting,
    REDIS_BUSY_PERCENT: redisBusyPercentSetting,
    MARKER_IDLE_MS: markerIdleMsSetting,
    MONGODB_URL: mongodbUrlSetting.optional(),
    JWT_SECRET: production
      ? jwtSecretSetting('at least 32 characters; a production start needs one')
      : jwtSecretSetting().optional(),
    ALLOW_GUESTS: allowGuestsSetting(!production),
    GUEST_TTL_MS: guestTtlMsSetting,
    ALLOWED_ORIGINS: allowedOriginsSetting.optional(),
    TRUSTED_PROXIES: trustedProxiesSetting,
    ...clientLimitSettings(production),
    ...nginxLimitSettings(production),
    ...conversationQuotaSettings(production ? 'production' : 'local'),
    LOG_PARTITIONS: logPartitionsSetting,
    ...dedupeSettings,
    RECLAIM_AFTER_MS: reclaimAfterMsSetting,
    CONVERSATION_IDLE_MS: conversationIdleMsSetting,
    LOG_LEVEL: logLevelSetting,
  });

/** The settings that nginx applies to its clients, with the defaults of a public address. A container renders them for nginx. */
export const NginxSettings = z.object({
  TRUSTED_PROXIES: trustedProxiesSetting,
  HANDSHAKES_PER_MINUTE: clientLimitSettings(true).HANDSHAKES_PER_MINUTE,
  ...nginxLimitSettings(true),
});
export type NginxConfig = Readonly<z.output<typeof NginxSettings>>;

export type ClusterConfig = Readonly<z.output<ReturnType<typeof clusterSettings>>>;

/**
 * Reads the settings of `npm start` from the environment.
 *
 * @throws ConfigError that names the variable, its value and the allowed values.
 */
export function readClusterConfig(env: NodeJS.ProcessEnv): ClusterConfig {
  const config = readConfig(clusterSettings(env.NODE_ENV === 'production'), env);
  initialLogPartitions(config);
  return config;
}
