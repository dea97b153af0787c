import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  awaitOpenPort,
  chooseInternalPorts,
  LogFiles,
  nginxSpec,
  type ProcessSpec,
  redisSpec,
  SupervisedProcess,
  startProcessGuard,
  workspacePath,
  writeNginxPrefix,
} from '@parley/local-cluster';
import type { StartOptions, SystemUnderTest } from './system-under-test.ts';

const SCRIPT = fileURLToPath(new URL('./plain-chat/plain-chat.ts', import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 3_000;

/** Starts the plain chat behind the same nginx.conf, with a Redis that is configured like Parley's. */
export async function startPlain({ nodes, directory, env, signal }: StartOptions): Promise<SystemUnderTest> {
  for (const part of ['logs', 'nginx', 'redis']) mkdirSync(join(directory, part), { recursive: true });
  const [publicPort = 0, redisPort = 0, ...serverPorts] = await chooseInternalPorts(2 + nodes);
  const servers = serverPorts.map((port, index): ProcessSpec & { port: number } => ({
    name: `plain-chat-${index + 1}`,
    command: process.execPath,
    args: [SCRIPT],
    env: {
      ...process.env,
      ...env,
      NODE_NAME: `plain-chat-${index + 1}`,
      HTTP_PORT: String(port),
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    },
    ipc: true,
    program: SCRIPT,
    port,
    metricsPort: null,
    readinessProbe: awaitOpenPort(port),
    startDeadlineMs: START_DEADLINE_MS,
    stopSignal: 'SIGTERM',
  }));
  writeNginxPrefix(join(directory, 'nginx'), {
    nginxConf: workspacePath('nginx.conf'),
    webRoot: directory,
    port: publicPort,
    hosts: ['127.0.0.1'],
    upstreams: servers,
  });

  const logs = new LogFiles(join(directory, 'logs'), () => undefined);
  const guard = startProcessGuard();
  const supervision = { logs, guard, report: () => undefined, changed: () => undefined };
  const running: SupervisedProcess[] = [];
  const stop = async () => {
    for (let next = running.pop(); next; next = running.pop()) await next.stop(STOP_DEADLINE_MS);
    await logs.close();
    guard.close();
  };
  const run = async (specs: readonly ProcessSpec[]) => {
    const started = specs.map((spec) => new SupervisedProcess(spec, supervision));
    running.push(...started);
    for (const one of started) one.start();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    await Promise.race([Promise.all(started.map(({ firstUp }) => firstUp)), aborted]);
  };
  try {
    signal.throwIfAborted();
    await run([redisSpec(directory, redisPort)]);
    await run([...servers, nginxSpec(directory, publicPort)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'plain',
    address: { host: '127.0.0.1', port: publicPort },
    adapter: { kind: 'plain' },
    processes: running.map(({ spec, pid = 0 }) => ({
      name: spec.name.startsWith('plain-chat-') ? 'servers' : spec.name,
      pid,
    })),
    cutClients: () => void running.find(({ spec }) => spec.name === 'nginx')?.kill('SIGKILL'),
    stop,
  };
}
