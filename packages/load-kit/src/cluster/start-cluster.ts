import { join } from 'node:path';
import { type LocalCluster, startLocalCluster } from '@parley/local-cluster';
import { freePort } from './free-port.ts';

export interface TestClusterOptions {
  /** The cluster keeps its data in `data` below this directory. The caller removes the directory. */
  readonly directory: string;
  /** Settings of the cluster. undefined removes a variable of the environment. */
  readonly settings: NodeJS.ProcessEnv;
  /** Returns environment variables of one process, besides those of all. */
  readonly envOf?: (name: string) => NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly report?: (line: string) => void;
}

/** Starts a cluster of its own for a load test: on a free port, with guests allowed, and with its own Redis and store unless set. */
export async function startTestCluster(options: TestClusterOptions): Promise<LocalCluster & { readonly port: number }> {
  const { directory, settings, envOf, signal, report } = options;
  const port = await freePort();
  const cluster = await startLocalCluster({
    signal,
    ...(report && { report }),
    ...(envOf && { envOf }),
    env: {
      ...process.env,
      PORT: String(port),
      BIND_ADDRESS: 'localhost',
      NODE_ENV: '',
      DATA_DIR: join(directory, 'data'),
      REDIS_URL: undefined,
      MONGODB_URL: undefined,
      ALLOW_GUESTS: 'true',
      ...settings,
    },
  });
  return Object.assign(cluster, { port });
}
