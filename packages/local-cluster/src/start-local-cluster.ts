import { join, resolve } from 'node:path';
import { ConfigError, whyRedisIsAway } from '@parley/service-kit';
import { type DataDirLock, lockDataDir } from './data-dir.ts';
import { endOrphanedProcesses } from './end-orphaned-processes.ts';
import { loadOrCreateJwtSecret } from './jwt-secret.ts';
import { LogFiles } from './log-files.ts';
import { writeNginxPrefix } from './nginx-config.ts';
import { chooseInternalPorts, publicHosts, requireFreePort } from './ports.ts';
import { listRunning, type ProcessEntry, writeProcessFiles } from './process-files.ts';
import { nginxSpec, redisSpec, serviceEnv, serviceSpec } from './process-specs.ts';
import { awaitHttpOk } from './readiness-probes.ts';
import { type ClusterConfig, readClusterConfig } from './settings.ts';
import { stopInOrder } from './stop-in-order.ts';
import { type ProcessSpec, SupervisedProcess, type Supervision } from './supervised-process.ts';
import { buildWebClient, WEB_ROOT } from './web-client.ts';
import { workspacePath } from './workspace.ts';

/** How long a Redis that is not ours may take to answer. */
const REDIS_DEADLINE_MS = 10_000;

/** The longest that the services, once Redis answers, may take until the public address is ready. */
const READY_DEADLINE_MS = 300_000;

export interface LocalClusterOptions {
  /** The settings, as environment variables; what is not set has its default. Services get all of it. Default: `process.env` */
  env?: NodeJS.ProcessEnv;
  /** Gets one line for each event. Default: nobody */
  report?: (line: string) => void;
  /** Gives the start up; what was started is stopped. */
  signal?: AbortSignal;
}

/** A cluster that runs on this machine and is ready. */
export interface LocalCluster {
  /** The public address: `http://localhost:PORT`. */
  readonly url: string;
  readonly dataDir: string;
  readonly redisUrl: string;
  /** Signs the cluster's access tokens. */
  readonly jwtSecret: string;
  /** What is up right now: the content of `processes.json`. */
  processes(): ProcessEntry[];
  /** Sends a signal to the process of that name, which is started again if it dies of it. */
  kill(name: string, signal: NodeJS.Signals): void;
  /** Stops everything that was started, and only that, within 10 s. */
  stop(): Promise<void>;
}

/**
 * Starts a whole cluster: Redis (unless `REDIS_URL` names one), chat servers, message workers, a presence service and nginx in
 * front of them, each restarted when it dies. Resolves when `GET /readyz` through the public address answers 200.
 *
 * @throws ConfigError when a setting is wrong, the port is taken or the data directory is in use; nothing was started then
 */
export async function startLocalCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const { env = process.env, report = () => undefined, signal = new AbortController().signal } = options;
  const config = readClusterConfig(env);
  const dataDir = resolve(config.DATA_DIR);
  const lock = lockDataDir(dataDir);
  const processes: SupervisedProcess[] = [];
  // A full disk must not keep the supervisor from what it is there for.
  const changed = () => {
    try {
      writeProcessFiles(dataDir, lock, processes);
    } catch (error) {
      report(`processes.json cannot be written: ${error}`);
    }
  };
  const logs = new LogFiles(join(dataDir, 'logs'), (error) => report(`a log cannot be shortened: ${error}`));
  const supervision: Supervision = { logs, report, changed };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopInOrder(processes).finally(async () => {
      await logs.close();
      lock.release();
    });
    return stopped;
  };
  try {
    const cluster = await start({ env, config, dataDir, lock, processes, supervision, signal });
    return {
      ...cluster,
      url: `http://localhost:${config.PORT}`,
      dataDir,
      processes: () => listRunning(processes),
      kill(name, killSignal) {
        const found = processes.find(({ spec }) => spec.name === name);
        if (!found) throw new Error(`no process is called ${name}`);
        if (!found.kill(killSignal)) throw new Error(`${name} does not run right now`);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  env: NodeJS.ProcessEnv;
  config: ClusterConfig;
  dataDir: string;
  lock: DataDirLock;
  /** Filled as processes are started, in the order of `processes.json`. */
  processes: SupervisedProcess[];
  supervision: Supervision;
  signal: AbortSignal;
}

async function start({ env, config, dataDir, lock, processes, supervision, signal }: Starting) {
  const { report, changed } = supervision;
  await endOrphanedProcesses(lock.orphans, report);
  changed();
  const hosts = await publicHosts(config.BIND_ADDRESS);
  await requireFreePort(config.PORT, hosts);
  if (config.REDIS_URL) await requireRedis(config.REDIS_URL);
  await buildWebClient(report, signal);
  signal.throwIfAborted();

  const [redisPort = 0, ...ports] = await chooseInternalPorts(2 + 2 * config.NODES + config.WORKERS);
  const takePort = () => ports.pop() ?? 0;
  const redisUrl = config.REDIS_URL ?? `redis://127.0.0.1:${redisPort}`;
  const jwtSecret = config.JWT_SECRET ?? loadOrCreateJwtSecret(dataDir);
  const shared = serviceEnv(env, config, { dataDir, redisUrl });
  const chatServers = named('chat-server', config.NODES).map((name) =>
    serviceSpec(
      'chat-server',
      name,
      { httpPort: takePort(), opsPort: takePort() },
      { ...shared, JWT_SECRET: jwtSecret },
    ),
  );
  const workers = named('message-worker', config.WORKERS).map((name) =>
    serviceSpec('message-worker', name, { opsPort: takePort() }, shared),
  );
  const presence = serviceSpec('presence-service', 'presence-service-1', { opsPort: takePort() }, shared);
  writeNginxPrefix(join(dataDir, 'nginx'), {
    nginxConf: workspacePath('nginx.conf'),
    webRoot: WEB_ROOT,
    port: config.PORT,
    hosts,
    upstreams: chatServers,
  });

  const run = (spec: ProcessSpec) => {
    const supervised = new SupervisedProcess(spec, supervision);
    processes.push(supervised);
    supervised.start();
    return supervised.firstUp;
  };
  if (!config.REDIS_URL) await unlessAborted(run(redisSpec(dataDir, redisPort)), signal);
  const overdue = AbortSignal.timeout(READY_DEADLINE_MS);
  const waiting = AbortSignal.any([signal, overdue]);
  try {
    const specs = [...chatServers, ...workers, presence, nginxSpec(dataDir, config.PORT)];
    await unlessAborted(Promise.all(specs.map(run)), waiting);
    await awaitHttpOk(`http://localhost:${config.PORT}/readyz`, waiting);
  } catch (error) {
    if (!overdue.aborted || signal.aborted) throw error;
    const notUp = processes.filter(({ isUp }) => !isUp).map(({ spec }) => spec.name);
    const reason = notUp.length > 0 ? `${notUp.join(', ')} did not start` : '/readyz did not answer 200';
    throw new Error(`not ready within ${READY_DEADLINE_MS} ms: ${reason}; see ${join(dataDir, 'logs')}`, {
      cause: error,
    });
  }
  return { redisUrl, jwtSecret };
}

/** @throws ConfigError when no Redis answers there */
async function requireRedis(url: string): Promise<void> {
  const reason = await whyRedisIsAway(url, REDIS_DEADLINE_MS);
  if (reason === undefined) return;
  const shown = url.replace(/:\/\/[^@/]*@/, '://…@');
  throw new ConfigError(
    `REDIS_URL is "${shown}": no Redis answers there (${reason}); start it, or unset REDIS_URL to have one started`,
  );
}

const named = (service: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolvePromise, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolvePromise, reject);
  });
}
