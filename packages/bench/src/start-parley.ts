import { join } from 'node:path';
import { freePort } from '@parley/load-kit/cluster';
import { type LocalCluster, startLocalCluster } from '@parley/local-cluster';
import type { StartOptions, SystemUnderTest } from './system-under-test.ts';

/** So many that the limit does not decide; the default of 500 is a promise about memory, not about speed. */
const MAX_IN_PROCESS = 20_000;

export interface ParleySystem extends SystemUnderTest {
  readonly cluster: LocalCluster;
}

/** Parley with all its features, as `npm start` runs it; only the two limits that a measurement would run into are lifted. */
export async function startParley({ nodes, directory, env, signal }: StartOptions): Promise<ParleySystem> {
  const port = await freePort();
  const cluster = await startLocalCluster({
    signal,
    env: {
      ...process.env,
      PORT: String(port),
      BIND_ADDRESS: 'localhost',
      NODE_ENV: '',
      DATA_DIR: join(directory, 'data'),
      NODES: String(nodes),
      WORKERS: '1',
      MAX_CLIENTS: '0',
      MAX_IN_PROCESS: String(MAX_IN_PROCESS),
      SESSION_TTL_MS: '',
      FIRST_MESSAGE_DEADLINE_MS: '',
      REDIS_URL: '',
      MONGODB_URL: '',
      ALLOW_GUESTS: 'true',
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
    address: { host: '127.0.0.1', port },
    adapter: { kind: 'parley', secret: cluster.jwtSecret },
    processes,
    cluster,
    cutClients: () => cluster.kill('nginx', 'SIGKILL'),
    stop: () => cluster.stop(),
  };
}
