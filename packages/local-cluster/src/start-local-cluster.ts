import { join, resolve } from 'node:path';
import { ConfigError, maskCredentials, redisUnavailableReason, STOP_DEADLINE_MS } from '@parley/service-kit';
import { buildWebClient, WEB_ROOT } from './build-web-client.ts';
import { type DataDirLock, lockDataDir } from './data-dir.ts';
import { endOrphanedProcesses } from './end-orphaned-processes.ts';
import { loadOrCreateJwtSecret } from './jwt-secret.ts';
import { LogFiles } from './log-files.ts';
import { writeNginxPrefix } from './nginx-config.ts';
import { chooseInternalPorts, publicHosts, requireFreePort } from './ports.ts';
import { listRunning, type ProcessEntry, writeProcessFiles } from './process-files.ts';
import { startProcessGuard } from './process-guard.ts';
import { nginxSpec, redisSpec, serviceEnv, serviceSpec } from './process-specs.ts';
import { awaitHttpOk } from './readiness-probes.ts';
import { type ClusterConfig, readClusterConfig } from './settings.ts';
import { stopInOrder } from './stop-in-order.ts';
import { type ProcessSpec, SupervisedProcess, type Supervision } from './supervised-process.ts';
import { workspacePath } from './workspace.ts';

/** Time limit for the first answer of an external Redis (`REDIS_URL`). */
const REDIS_DEADLINE_MS = 10_000;

/** Time limit for the services, once Redis answers, until the public address is ready. */
const READY_DEADLINE_MS = 300_000;

export interface LocalClusterOptions {
  /** The settings as environment variables. All services inherit them. Default: `process.env` */
  env?: NodeJS.ProcessEnv;
  /** Receives one line for each event. Default: none */
  report?: (line: string) => void;
  /** Cancels the start. Processes that were started are stopped. */
  signal?: AbortSignal;
  /** Returns environment variables of one service, by its name, besides those of all services. Default: none */
  envOf?: (name: string) => NodeJS.ProcessEnv;
}

/** A cluster that runs on this machine. */
export interface LocalCluster {
  /** The public address: `http://localhost:PORT`. */
  readonly url: string;
  readonly dataDir: string;
  readonly redisUrl: string;
  /** Signs the cluster's access tokens. */
  readonly jwtSecret: string;
  /** The processes that are up: the content of `processes.json`. */
  processes(): ProcessEntry[];
  /** Sends a signal to the process of that name. A process that ends is restarted. */
  kill(name: string, signal: NodeJS.Signals): void;
  /** Replaces the process of that name by a new one. @returns true when it is up, false if it ended before that */
  restart(name: string): Promise<boolean>;
  /** Stops all processes that the cluster started, within 10 s. */
  stop(): Promise<void>;
}

/**
 * Starts a whole cluster: Redis (unless `REDIS_URL` names one), chat servers, message workers, a presence service and nginx in
 * front of them. Each is restarted when it ends. Resolves when `GET /readyz` at the public address returns 200.
 *
 * @throws ConfigError before any process is started, if a setting is wrong, the port is taken or the data directory is in use
 */
export async function startLocalCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const {
    env = process.env,
    report = () => undefined,
    signal = new AbortController().signal,
    envOf = () => ({}),
  } = options;
  const config = readClusterConfig(env);
  const dataDir = resolve(config.DATA_DIR);
  const lock = lockDataDir(dataDir);
  const processes: SupervisedProcess[] = [];
  // The supervisor keeps working when the disk is full.
  const changed = () => {
    try {
      writeProcessFiles(dataDir, lock, processes);
    } catch (error) {
      report(`processes.json cannot be written: ${error}`);
    }
  };
  const logs = new LogFiles(join(dataDir, 'logs'), (error) => report(`a log file cannot be rotated: ${error}`));
  const guard = startProcessGuard();
  const supervision: Supervision = { logs, guard, report, changed };
  const find = (name: string) => {
    const found = processes.find(({ spec }) => spec.name === name);
    if (!found) throw new Error(`no process has the name ${name}`);
    return found;
  };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopInOrder(processes).finally(async () => {
      await logs.close();
      guard.close();
      lock.release();
    });
    return stopped;
  };
  try {
    const cluster = await start({ env, envOf, config, dataDir, lock, processes, supervision, signal });
    return {
      ...cluster,
      url: `http://localhost:${config.PORT}`,
      dataDir,
      processes: () => listRunning(processes),
      kill(name, killSignal) {
        if (!find(name).kill(killSignal)) throw new Error(`${name} does not run`);
      },
      restart: (name) => find(name).restart(STOP_DEADLINE_MS),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  env: NodeJS.ProcessEnv;
  envOf: (name: string) => NodeJS.ProcessEnv;
  config: ClusterConfig;
  dataDir: string;
  lock: DataDirLock;
  /** The processes started so far, in the order of `processes.json`. */
  processes: SupervisedProcess[];
  supervision: Supervision;
  signal: AbortSignal;
}

async function start(starting: Starting) {
  const { config, dataDir, lock, supervision, signal } = starting;
  await endOrphanedProcesses(lock.orphans, supervision.report);
  supervision.changed();
  const hosts = await publicHosts(config.BIND_ADDRESS);
  await requireFreePort(config.PORT, hosts);
  if (config.REDIS_URL) await requireRedis(config.REDIS_URL);
  await buildWebClient(supervision.report, signal);
  signal.throwIfAborted();

  const jwtSecret = config.JWT_SECRET ?? loadOrCreateJwtSecret(dataDir);
  const { redisUrl, redis, services, upstreams } = await planProcesses(starting, jwtSecret);
  writeNginxPrefix(join(dataDir, 'nginx'), {
    nginxConf: workspacePath('nginx.conf'),
    webRoot: WEB_ROOT,
    port: config.PORT,
    hosts,
    upstreams,
    clients: config,
  });
  await runUntilReady(starting, redis, [...services, nginxSpec(dataDir, config.PORT)]);
  return { redisUrl, jwtSecret };
}

/** Chooses the internal ports and returns the processes to run; `redis` is undefined if `REDIS_URL` names another one. */
async function planProcesses({ env, envOf, config, dataDir }: Starting, jwtSecret: string) {
  const [redisPort = 0, ...ports] = await chooseInternalPorts(2 + 2 * config.NODES + config.WORKERS);
  const takePort = () => ports.pop() ?? 0;
  const redisUrl = config.REDIS_URL ?? `redis://127.0.0.1:${redisPort}`;
  const shared = serviceEnv(env, config, { dataDir, redisUrl });
  const chatServers = numberedNames('chat-server', config.NODES).map((name) =>
    serviceSpec(
      'chat-server',
      name,
      { httpPort: takePort(), opsPort: takePort() },
      { ...shared, JWT_SECRET: jwtSecret, CLUSTER_URL: `http://localhost:${config.PORT}`, ...envOf(name) },
    ),
  );
  const workers = numberedNames('message-worker', config.WORKERS).map((name) =>
    serviceSpec('message-worker', name, { opsPort: takePort() }, { ...shared, ...envOf(name) }),
  );
  const presence = serviceSpec('presence-service', 'presence-service-1', { opsPort: takePort() }, shared);
  return {
    redisUrl,
    redis: config.REDIS_URL ? undefined : redisSpec(dataDir, redisPort, config.REDIS_MAX_MEMORY_MB),
    services: [...chatServers, ...workers, presence],
    upstreams: chatServers,
  };
}

/** Starts Redis, then all other processes at once. Resolves when the public address is ready. */
async function runUntilReady(
  { config, dataDir, processes, supervision, signal }: Starting,
  redis: ProcessSpec | undefined,
  others: readonly ProcessSpec[],
): Promise<void> {
  const run = (spec: ProcessSpec) => {
    const supervised = new SupervisedProcess(spec, supervision);
    processes.push(supervised);
    supervised.start();
    return supervised.firstUp;
  };
  if (redis) await rejectOnAbort(run(redis), signal);
  const deadline = AbortSignal.timeout(READY_DEADLINE_MS);
  const deadlineOrCancel = AbortSignal.any([signal, deadline]);
  try {
    await rejectOnAbort(Promise.all(others.map(run)), deadlineOrCancel);
    await awaitHttpOk(`http://localhost:${config.PORT}/readyz`, deadlineOrCancel);
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    const notUp = processes.filter(({ isUp }) => !isUp).map(({ spec }) => spec.name);
    const reason = notUp.length > 0 ? `${notUp.join(', ')} did not start` : '/readyz did not answer 200';
    throw new Error(`not ready within ${READY_DEADLINE_MS} ms: ${reason}; see ${join(dataDir, 'logs')}`, {
      cause: error,
    });
  }
}

/** @throws ConfigError if no Redis answers at this URL */
async function requireRedis(url: string): Promise<void> {
  const reason = await redisUnavailableReason(url, REDIS_DEADLINE_MS);
  if (reason === undefined) return;
  throw new ConfigError(
    `REDIS_URL is "${maskCredentials(url)}": no Redis answers there (${reason}); start it, or unset REDIS_URL to have one started`,
  );
}

const numberedNames = (service: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);

function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolvePromise, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolvePromise, reject);
  });
}
