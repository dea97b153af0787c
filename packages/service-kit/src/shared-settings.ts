// Above 300 lines: it is one table, with an entry for every setting that more than one process reads.
import { z } from 'zod';
import { ConfigError } from './config.ts';
import { parseRedisUrl } from './redis/redis-url.ts';
import { booleanSetting, integerSetting, optionalIntegerSetting, portSetting, setting, urlSetting } from './setting.ts';

// The settings that more than one process reads. Each is described once, here.

const allowedRedisUrls =
  'a URL such as redis://host:6379, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379, with ports from 1 to 65535; with a password redis://user:password@host:6379 (percent-encoded), with TLS rediss://host:6379';

export const redisUrlSetting = setting(
  z.string().refine((url) => parseRedisUrl(url) !== undefined, allowedRedisUrls),
  {
    section: 'Storage',
    allowed: allowedRedisUrls,
    meaning:
      'A single Redis, a Sentinel set or a Redis Cluster. User, password and TLS (`rediss`) work for all three. Sentinels may require the same password or none. `npm start` runs a Redis of its own when it is unset.',
    tradeOff:
      'Redis holds every message that is not stored yet. Its persistence decides which of them survive a crash of Redis.',
  },
);

export const redisBusyPercentSetting = integerSetting({
  section: 'Storage',
  min: 20,
  max: 100,
  default: 90,
  unit: '% of `maxmemory`',
  meaning:
    'When Redis uses this share of its memory limit, sends get `BUSY` and `/readyz` says `degraded`. It ends when the use is 5 % of the limit lower.',
  tradeOff:
    'The rest is for everything that must go on: leases, presence, read markers, and the messages in process. A full Redis refuses sends in any case.',
});

export const markerIdleMsSetting = integerSetting({
  section: 'Storage',
  min: 1_000,
  max: 86_400_000,
  default: 3_600_000,
  unit: 'ms',
  meaning:
    'Read markers, receipts and last-seen times that did not change for this time leave Redis. The store has all of them.',
  tradeOff: 'A lower value saves memory in Redis. The store is read more often.',
});

export const mongodbUrlSetting = urlSetting({
  section: 'Storage',
  schemes: ['mongodb', 'mongodb+srv'],
  allowed: 'a URL such as mongodb://host:27017/parley',
  meaning: 'MongoDB for history, users and conversations. Unset: an embedded SQLite database in `DATA_DIR`.',
  tradeOff: 'SQLite needs no server, but all processes must run on one host.',
});

export const dataDirSetting = setting(z.string().default('.data'), {
  section: 'Storage',
  allowed: 'the path of a directory',
  meaning:
    'Directory of the embedded history store. `npm start` also keeps Redis data, logs and the generated secret there.',
});

const bindAddress = {
  section: 'Processes',
  allowed: 'localhost or an IP address of this machine',
  meaning:
    'Address on which a process opens its ports. For `npm start` it is the address of the public port; the processes behind nginx stay on 127.0.0.1.',
  tradeOff: '`0.0.0.0` accepts connections from other machines. They are not encrypted: put TLS in front.',
} as const;

/** The address of the public port, which `npm start` opens. */
export const publicBindAddressSetting = setting(
  z.union([z.literal('localhost'), z.ipv4(), z.ipv6()], { error: bindAddress.allowed }).default('localhost'),
  bindAddress,
);

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const allowedLogLevels = 'fatal, error, warn, info, debug or trace';

export const logLevelSetting = setting(z.enum(LOG_LEVELS, { error: allowedLogLevels }).default('info'), {
  section: 'Processes',
  allowed: allowedLogLevels,
  meaning: 'Least severe level that is logged.',
  tradeOff: '`debug` writes a line for each message: use it for diagnosis, not under load.',
});

export const maxInProcessSetting = integerSetting({
  section: 'Limits and sessions',
  min: 1,
  max: 1_000_000,
  default: 500,
  unit: 'messages',
  meaning:
    'Messages appended and not yet completely processed, in the whole cluster. At the limit senders get `BUSY`. It must be the same in every process.',
  tradeOff: 'A higher limit bridges a longer outage of the store. It needs more memory in Redis.',
});

const ofProduction = 'Without a limit by default in `npm start`, except with `NODE_ENV=production`.';

/**
 * The settings of what one user may create and be a member of, which the chat servers enforce.
 *
 * @param use a local cluster has no limits by default, because tests and demonstrations create many conversations at once
 */
export const conversationQuotaSettings = (use: 'production' | 'local') => ({
  CONVERSATIONS_PER_HOUR: integerSetting({
    section: 'Access',
    min: 0,
    max: 1_000_000,
    default: use === 'production' ? 60 : 0,
    unit: 'conversations per hour',
    meaning: `Conversations that one user may create in an hour; 0 = no limit. Beyond it the user gets \`RATE_LIMITED\`. ${ofProduction}`,
    tradeOff: 'A service that creates conversations for others needs a higher limit.',
  }),
  MAX_MEMBERSHIPS: integerSetting({
    section: 'Access',
    min: 0,
    max: 1_000_000,
    default: use === 'production' ? 1_000 : 0,
    unit: 'conversations',
    meaning: `Conversations of which one user may be a member, apart from the lobby; 0 = no limit. Beyond it nobody can add the user: \`CONFLICT\`. ${ofProduction}`,
    tradeOff: 'Each connection and each search reads all memberships of its user.',
  }),
});

/** @param production whether a rate applies by default */
export const messageRateSettings = (production: boolean) =>
  ({
    MESSAGES_PER_SECOND: integerSetting({
      section: 'Limits and sessions',
      min: 0,
      max: 1_000_000,
      default: production ? 20 : 0,
      unit: 'messages per second',
      meaning:
        'Messages and changes (edits, deletions, reactions) of one user; 0 = no limit. Beyond it the user gets `RATE_LIMITED` with the time until the next one. `npm start` has no limit by default, except with `NODE_ENV=production`. It must be the same in every chat server.',
      tradeOff:
        'A low value slows down floods, and also services that write much. With several `LOG_PARTITIONS` it applies to each of them.',
    }),
    MESSAGE_BURST: integerSetting({
      section: 'Limits and sessions',
      min: 0,
      max: 1_000_000,
      default: 60,
      unit: 'messages',
      meaning:
        'Messages that a user may send at once after a pause, before `MESSAGES_PER_SECOND` applies; 0 = no limit. It must be the same in every chat server.',
      tradeOff: 'A client that was offline sends what it has kept at once. A low value makes it wait.',
    }),
  }) as const;

export const logPartitionsSetting = optionalIntegerSetting({
  section: 'Message log',
  min: 1,
  max: 64,
  unit: 'streams',
  meaning:
    'Streams that share the message log. Unset: the number in Redis, and for a new Redis 4 in a Cluster, otherwise 1. It must be the same in every chat server. Every message worker reads all of them. Another number is refused while messages are in process.',
  tradeOff:
    'More than one spreads the log over a Redis Cluster. Each may hold its share of `MAX_IN_PROCESS`, and costs a connection in every message worker.',
});

/** The settings of the dedupe, which the chat servers apply. */
export const dedupeSettings = {
  DEDUPE_EXACT_MS: integerSetting({
    section: 'Message log',
    min: 60_000,
    max: 86_400_000,
    default: 3_600_000,
    unit: 'ms',
    meaning:
      'Redis keeps each use of a `clientMessageId` for this time. For the rest of 24 hours the filters and the history store recognise a repeat.',
    tradeOff:
      'A higher value asks the store less often about late repeats. Each message costs 264 bytes of Redis memory for this time.',
  }),
  DEDUPE_FILTER_BYTES: integerSetting({
    section: 'Message log',
    min: 1_024,
    max: 268_435_456,
    default: 4_194_304,
    unit: 'bytes',
    meaning:
      'Size of a filter of used `clientMessageId`s. Each partition has three; each is written for 12 hours. A change takes effect when the next one begins.',
    tradeOff:
      'Too small a filter costs one indexed query of the store for many new messages. 2.5 bytes for each message of 12 hours ask the store about 2 % of them.',
  }),
} as const;

/** The smallest number with a partition on each of three masters: the hash slots of the first two are on the same one. */
const CLUSTER_LOG_PARTITIONS = 4;

/**
 * Returns the number of partitions for a Redis without data.
 *
 * @throws ConfigError when the configured number is above `MAX_IN_PROCESS`: each partition needs at least one place
 */
export function initialLogPartitions(config: {
  readonly LOG_PARTITIONS?: number | undefined;
  readonly MAX_IN_PROCESS: number;
  readonly REDIS_URL?: string | undefined;
}): number {
  const { LOG_PARTITIONS: wanted, MAX_IN_PROCESS: limit } = config;
  if (wanted !== undefined && wanted > limit) {
    throw new ConfigError(`LOG_PARTITIONS is "${wanted}"; allowed: at most MAX_IN_PROCESS, which is ${limit}`);
  }
  const isCluster = parseRedisUrl(config.REDIS_URL ?? '')?.kind === 'cluster';
  return wanted ?? Math.min(limit, isCluster ? CLUSTER_LOG_PARTITIONS : 1);
}

export const reclaimAfterMsSetting = integerSetting({
  section: 'Message log',
  min: 500,
  max: 600_000,
  default: 10_000,
  unit: 'ms',
  meaning: 'Other workers reclaim the log entries of a worker that has not extended its claim for this time.',
  tradeOff:
    "A lower value shortens the delay after a worker's death. A worker that is only slow has its messages published twice; clients drop the repeats.",
});

export const conversationIdleMsSetting = integerSetting({
  section: 'Message log',
  min: 1_000,
  max: 604_800_000,
  default: 3_600_000,
  unit: 'ms',
  meaning:
    'A conversation without new messages for this time leaves Redis, if all its messages are stored. Its next use reads the store.',
  tradeOff:
    'A lower value needs less memory in Redis. Conversations that people return to are read from the store more often.',
});

/** The settings of every service. */
export const serviceSettings = {
  NODE_NAME: setting(z.string().regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and "-", at most 40'), {
    section: 'Processes',
    allowed: 'lower-case letters, digits and "-", at most 40',
    meaning: 'Name of the process in logs, metrics and session ids. It must be unique in the cluster.',
    isPerProcess: true,
  }),
  OPS_PORT: portSetting({
    section: 'Processes',
    meaning: 'Port of `/healthz`, `/readyz` and `/metrics`; 0 = any free one. Never expose it to the public.',
    isPerProcess: true,
  }),
  BIND_ADDRESS: setting(z.string().default('127.0.0.1'), bindAddress),
  REDIS_URL: redisUrlSetting,
  REDIS_BUSY_PERCENT: redisBusyPercentSetting,
  MONGODB_URL: mongodbUrlSetting.optional(),
  DATA_DIR: dataDirSetting,
  LOG_LEVEL: logLevelSetting,
  MAX_IN_PROCESS: maxInProcessSetting,
} as const;

/** The settings of sessions, which the chat servers enforce. */
export const sessionSettings = {
  MAX_CLIENTS: integerSetting({
    section: 'Limits and sessions',
    min: 0,
    max: 1_000_000,
    default: 50,
    unit: 'sessions',
    meaning:
      'Session slots of the whole cluster; 0 = no limit. A client beyond it gets `SERVER_FULL` with a position in the waiting room. It must be the same in every chat server.',
    tradeOff: 'Each session costs memory and CPU in its chat server.',
  }),
  SESSION_TTL_MS: integerSetting({
    section: 'Limits and sessions',
    min: 500,
    max: 3_600_000,
    default: 15_000,
    unit: 'ms',
    meaning:
      'Lifetime of a session slot without renewal. The slots of a server that died are free after this time. It must be the same in every process.',
    tradeOff:
      'A lower value frees slots sooner. A server that pauses for longer than this loses its sessions to waiting clients.',
  }),
  IDLE_TIMEOUT_MS: integerSetting({
    section: 'Limits and sessions',
    min: 0,
    max: 86_400_000,
    default: 300_000,
    unit: 'ms',
    meaning:
      'While somebody waits for a slot, the session that is idle for longest ends, guests first, if it is idle for this time; 0 = off. An accepted `message:*`, `typing`, and a `read` that moves are activity. The client is warned 30 s before. It must be the same in every chat server.',
    tradeOff:
      'A lower value admits waiting users sooner. Users who only read lose their slots while the cluster is full.',
  }),
  RESERVED_FOR_ACCOUNTS: integerSetting({
    section: 'Limits and sessions',
    min: 0,
    max: 1_000_000,
    default: 0,
    unit: 'sessions',
    meaning:
      'Session slots that guests may not take. A guest beyond the others gets `SERVER_FULL` with a position. It must be the same in every chat server.',
    tradeOff: 'Registered users get in although guests fill their slots. Fewer guests fit in.',
  }),
  FIRST_MESSAGE_DEADLINE_MS: integerSetting({
    section: 'Limits and sessions',
    min: 0,
    max: 86_400_000,
    default: 60_000,
    unit: 'ms',
    meaning:
      'A client that has sent no valid event by this time is disconnected; 0 = off. Any event counts, not only a message.',
    tradeOff: 'A lower value frees the slots of silent clients sooner. A slow client may be disconnected too.',
  }),
  ACCESS_TOKEN_TTL_MS: integerSetting({
    section: 'Access',
    min: 10_000,
    max: 86_400_000,
    default: 900_000,
    unit: 'ms',
    meaning: 'Lifetime of an access token.',
    tradeOff: 'A stolen token is valid for this time. A lower value makes clients renew their tokens more often.',
  }),
} as const;

/** The settings of presence, which the presence services apply. */
export const presenceSettings = {
  PRESENCE_GRACE_MS: integerSetting({
    section: 'Presence',
    min: 0,
    max: 600_000,
    default: 5_000,
    unit: 'ms',
    meaning:
      'A user without a session is shown as before for this time. After it the user is offline. A reconnect within it changes nothing for others.',
    tradeOff: 'A higher value hides longer interruptions. A user who leaves is shown as offline later.',
  }),
} as const;

const atLeast32 = 'at least 32 characters, or two such secrets separated by a comma';
const hasLongSecrets = (value: string) => value.split(',').every((secret) => secret.trim().length >= 32);

/** @param whenMissing the allowed values, for the error about a missing secret */
export const jwtSecretSetting = (whenMissing = atLeast32) =>
  setting(z.string({ error: whenMissing }).refine(hasLongSecrets, atLeast32), {
    section: 'Access',
    allowed: atLeast32,
    meaning:
      'Secret that signs access tokens (HS256), the same in every chat server. `npm start` generates one into `DATA_DIR` when it is unset, except with `NODE_ENV=production`.',
    tradeOff:
      'A new secret invalidates all access tokens, and clients renew them with their refresh cookie. To replace a secret without that, set the new and the old one, separated by a comma: the first signs, both are accepted.',
  });

export const allowGuestsSetting = (fallback: boolean) =>
  booleanSetting({
    section: 'Access',
    default: fallback,
    meaning:
      'Whether `POST /api/auth/guest` creates guests. `npm start` allows them by default, except with `NODE_ENV=production`.',
    tradeOff: 'Guests need no account, so anybody who reaches the public port can use a session slot.',
  });

export const guestTtlMsSetting = integerSetting({
  section: 'Access',
  min: 60_000,
  max: 2_592_000_000,
  default: 2_592_000_000,
  unit: 'ms',
  meaning:
    'A guest that does not sign in or refresh its token for this time expires. It keeps its name and messages, cannot sign in, and is not listed. The default, 30 days, is also the lifetime of refresh tokens.',
  tradeOff: 'With a lower value, guests who return rarely join as new users. The search for people stays short.',
});

const allowedOrigins = 'origins such as https://chat.example.org, separated by commas';

/** Browser origins, without a trailing slash. */
export const allowedOriginsSetting = setting(
  z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim().replace(/\/$/, '')))
    .pipe(z.array(z.string().regex(/^https?:\/\/[^/\s]+$/, allowedOrigins))),
  {
    section: 'Access',
    allowed: allowedOrigins,
    meaning:
      'Origins of the pages that may connect from a browser. `npm start` allows its own public address when it is unset; a chat server allows none.',
  },
);
