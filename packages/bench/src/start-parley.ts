import { startTestCluster } from '@parley/load-kit/cluster';
import type { LocalCluster } from '@parley/local-cluster';
import type { StartOptions, SystemUnderTest } from './system-under-test.ts';

/** High enough not to limit a measurement. The default of 500 bounds memory, not speed. */
const MAX_IN_PROCESS = 20_000;

export interface ParleySystem extends SystemUnderTest {
  readonly cluster: LocalCluster;
}

/** Starts Parley with all features, as `npm start` does. Only the two limits that would stop a measurement are raised. */
export async function startParley({ nodes, directory, env, signal }: StartOptions): Promise<ParleySystem> {
  const cluster = await startTestCluster({
    directory,
    signal,
    settings: {
      NODES: String(nodes),
      WORKERS: '1',
      MAX_CLIENTS: '0',
      MAX_IN_PROCESS: String(MAX_IN_PROCESS),
      SESSION_TTL_MS: undefined,
      FIRST_MESSAGE_DEADLINE_MS: undefined,
      ...env,
    },
  });
  const processes = cluster.processes().map(({ name, pid }) => ({
    name: name.startsWith('chat-server-')
      ? 'servers'
      : name.replace(/^message-worker-\d+$/, 'worker').replace(/^presence-service-\d+$/, 'presence'),
    pid,
  }));
  return {
    name: 'parley',
    address: { host: '127.0.0.1', port: cluster.port },
    adapter: { kind: 'parley', secret: cluster.jwtSecret },
    processes,
    cluster,
    cutClients: () => cluster.kill('nginx', 'SIGKILL'),
    stop: () => cluster.stop(),
  };
}
