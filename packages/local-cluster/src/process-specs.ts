import { delimiter, join } from 'node:path';
import { CLIENT_LIMITS } from '@parley/service-kit';
import { nginxArgs } from './nginx-config.ts';
import { awaitOpenPort, awaitRedisPing, awaitStartedMessage } from './readiness-probes.ts';
import type { ClusterConfig } from './settings.ts';
import type { ProcessSpec } from './supervised-process.ts';
import { workspacePath } from './workspace.ts';

const START_DEADLINE_MS = 120_000;
/** Redis loads its append-only file before it answers, and a large file takes minutes. */
const REDIS_START_DEADLINE_MS = 600_000;

/** A service of the workspace. It is started by its path; no package imports a service. */
type ServiceName = 'chat-server' | 'message-worker' | 'presence-service';

/** @param maxMemoryMb the memory limit, in MiB; by default that of `npm start` */
export const redisSpec = (dataDir: string, port: number, maxMemoryMb = 512): ProcessSpec => ({
  name: 'redis',
  command: 'redis-server',
  args: Object.entries({
    port,
    bind: '127.0.0.1',
    dir: join(dataDir, 'redis'),
    'tcp-backlog': 511,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '', // no snapshots: the append-only file is complete
    maxmemory: `${maxMemoryMb}mb`,
    'maxmemory-policy': 'noeviction', // Redis is not a cache here: it must refuse new data rather than delete other data
  }).flatMap(([name, value]) => [`--${name}`, String(value)]),
  env: systemEnv(),
  ipc: false,
  program: 'redis-server',
  port,
  metricsPort: null,
  readinessProbe: awaitRedisPing(port),
  startDeadlineMs: REDIS_START_DEADLINE_MS,
  stopSignal: 'SIGTERM',
});

export const nginxSpec = (dataDir: string, port: number): ProcessSpec => ({
  name: 'nginx',
  command: 'nginx',
  args: nginxArgs(join(dataDir, 'nginx'), process.getuid?.() === 0),
  env: systemEnv(),
  ipc: false,
  program: 'nginx',
  port,
  metricsPort: null,
  readinessProbe: awaitOpenPort(port),
  startDeadlineMs: START_DEADLINE_MS,
  stopSignal: 'SIGQUIT', // graceful: no new connections; open ones end when the chat servers close them
});

/**
 * A semi-space of 8 MB instead of V8's default of 16 MB lowers the memory of a server with ten thousand connections. With 4 MB,
 * too many objects of running calls move to the old generation, and garbage collection takes longer.
 */
const NODE_FLAGS = ['--max-semi-space-size=8'];

/** @param ports `httpPort` is for chat servers only */
export function serviceSpec(
  service: ServiceName,
  name: string,
  ports: { httpPort?: number; opsPort: number },
  env: NodeJS.ProcessEnv,
): ProcessSpec {
  const script = `packages/${service}/src/main.ts`;
  return {
    name,
    command: process.execPath,
    args: [...NODE_FLAGS, workspacePath(script)],
    env: {
      ...env,
      NODE_NAME: name,
      HTTP_PORT: ports.httpPort === undefined ? undefined : String(ports.httpPort),
      OPS_PORT: String(ports.opsPort),
      BIND_ADDRESS: '127.0.0.1',
    },
    ipc: true,
    program: script,
    port: ports.httpPort ?? ports.opsPort,
    metricsPort: ports.opsPort,
    readinessProbe: awaitStartedMessage,
    startDeadlineMs: START_DEADLINE_MS,
    stopSignal: 'SIGTERM',
  };
}

/** Returns the environment of every service: the caller's environment with the cluster's settings on top. */
export function serviceEnv(
  env: NodeJS.ProcessEnv,
  config: ClusterConfig,
  cluster: { dataDir: string; redisUrl: string },
): NodeJS.ProcessEnv {
  return {
    ...env,
    PATH: searchPath(),
    // Halves the CPU time of a server's start; a restart disturbs the other processes less.
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? workspacePath('node_modules/.cache/node'),
    DATA_DIR: cluster.dataDir,
    REDIS_URL: cluster.redisUrl,
    MONGODB_URL: config.MONGODB_URL,
    LOG_LEVEL: config.LOG_LEVEL,
    MAX_CLIENTS: String(config.MAX_CLIENTS),
    MAX_IN_PROCESS: String(config.MAX_IN_PROCESS),
    MESSAGES_PER_SECOND: String(config.MESSAGES_PER_SECOND),
    MESSAGE_BURST: String(config.MESSAGE_BURST),
    SESSION_TTL_MS: String(config.SESSION_TTL_MS),
    IDLE_TIMEOUT_MS: String(config.IDLE_TIMEOUT_MS),
    RESERVED_FOR_ACCOUNTS: String(config.RESERVED_FOR_ACCOUNTS),
    FIRST_MESSAGE_DEADLINE_MS: String(config.FIRST_MESSAGE_DEADLINE_MS),
    ACCESS_TOKEN_TTL_MS: String(config.ACCESS_TOKEN_TTL_MS),
    PRESENCE_GRACE_MS: String(config.PRESENCE_GRACE_MS),
    ALLOW_GUESTS: String(config.ALLOW_GUESTS),
    GUEST_TTL_MS: String(config.GUEST_TTL_MS),
    CONVERSATIONS_PER_HOUR: String(config.CONVERSATIONS_PER_HOUR),
    MAX_MEMBERSHIPS: String(config.MAX_MEMBERSHIPS),
    ALLOWED_ORIGINS:
      config.ALLOWED_ORIGINS?.join() ?? `http://localhost:${config.PORT},http://127.0.0.1:${config.PORT}`,
    TRUSTED_PROXIES: config.TRUSTED_PROXIES.join(),
    ...Object.fromEntries(CLIENT_LIMITS.map((name) => [name, String(config[name])])),
    JWT_SECRET: undefined, // only chat servers get it
  };
}

/** Returns the environment of Redis and nginx: only variables that they need, and no secret. */
export const systemEnv = (): NodeJS.ProcessEnv => ({
  PATH: searchPath(),
  HOME: process.env.HOME,
  LANG: process.env.LANG,
  TZ: process.env.TZ,
  TMPDIR: process.env.TMPDIR,
});

/** Debian installs servers in directories that are not in a user's PATH. */
const searchPath = () => [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].filter(Boolean).join(delimiter);
