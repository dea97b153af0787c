import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseInternalPorts, type LocalCluster, startLocalCluster } from '@parley/local-cluster';

/** The settings of the shared cluster; all others have their defaults. */
export const SHARED_SETTINGS = {
  NODES: 2,
  ACCESS_TOKEN_TTL_MS: 600_000,
  // On a slow machine a client may send nothing for a minute.
  FIRST_MESSAGE_DEADLINE_MS: 0,
  LOG_LEVEL: 'debug',
};

/** The environment variable with the URL of the host. */
export const HOST_VARIABLE = 'PARLEY_SHARED_CLUSTER';

/** The answer of the host. */
export interface SharedClusterInfo {
  readonly url: string;
  readonly dataDir: string;
}

/**
 * Runs in the main process of jest, outside of the test files. The first test file that asks starts the cluster; a run without
 * such a file starts none.
 */
export async function hostSharedCluster(): Promise<{ close(): Promise<void> }> {
  let starting: Promise<LocalCluster> | undefined;
  const server = createServer(async (_request, response) => {
    try {
      starting ??= start();
      const { url, dataDir } = await starting;
      response.end(JSON.stringify({ url, dataDir } satisfies SharedClusterInfo));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  process.env[HOST_VARIABLE] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async close() {
      server.close();
      server.closeAllConnections();
      const cluster = await starting?.catch(() => undefined);
      await cluster?.stop();
    },
  };
}

async function start(): Promise<LocalCluster> {
  const [port] = await chooseInternalPorts(1);
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(port),
    DATA_DIR: mkdtempSync(join(tmpdir(), 'parley-shared-')),
  };
  for (const [name, value] of Object.entries(SHARED_SETTINGS)) env[name] = String(value);
  return startLocalCluster({ env });
}
