import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessEntry } from '@parley/local-cluster';
import { HOST_VARIABLE, type SharedClusterInfo } from '../run/shared-cluster-host.ts';

/** The cluster that test files of a run share. It has no `kill` and no `stop`: other files use it at the same time. */
export interface SharedCluster {
  readonly url: string;
  processes(): ProcessEntry[];
  logFiles(): string[];
}

/**
 * Returns the cluster that is shared by the test files of a run; the first call starts it (settings: `SHARED_SETTINGS`). A file may
 * use it if all its tests have their own users and conversations, and expect nothing about the messages of others in the lobby.
 */
export async function sharedCluster(): Promise<SharedCluster> {
  const response = await fetch(process.env[HOST_VARIABLE] ?? '');
  if (!response.ok) throw new Error(`the shared cluster did not start: ${await response.text()}`);
  const { url, dataDir } = (await response.json()) as SharedClusterInfo;
  return {
    url,
    processes: () => JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessEntry[],
    logFiles: () => readdirSync(join(dataDir, 'logs')).map((name) => join(dataDir, 'logs', name)),
  };
}
